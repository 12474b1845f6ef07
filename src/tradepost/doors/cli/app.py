"""The command line. Every expected error is one sentence on stderr and an exit code; see mistakes.py."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from tradepost.doors.cli.clock import clock
from tradepost.doors.cli.mistakes import IMPOSSIBLE, INTERRUPTED, TERMINATED, explained
from tradepost.doors.cli.replay import replay

app = App(
    name="tradepost",
    help="The order process of a marketplace, from checkout to shipped or canceled.",
    version=lambda: f"tradepost {version('tradepost')}",
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)
app.command(replay)
app.command(clock)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the program with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit code."""
    try:
        code = asyncio.run(_run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CycloptsError as error:
        return _say(f"{_sentence(error)} See tradepost {' '.join(error.command_chain or ())} --help.", IMPOSSIBLE)
    except Exception as error:
        said = explained(error)
        if said is None:
            traceback.print_exc()
            said = ("This is a bug in Tradepost: please report what stands above.", IMPOSSIBLE)
        return _say(*said)
    return code


async def _run(arguments: Sequence[str]) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    code = await app.run_async(list(arguments))
    return code if isinstance(code, int) else 0


def _say(sentence: str, code: int) -> int:
    print(f"tradepost: {sentence}", file=sys.stderr)
    return code


def _sentence(error: CycloptsError) -> str:
    """What is wrong with the arguments, on one line."""
    return " ".join(str(error).split()).rstrip(".") + "."


if __name__ == "__main__":
    main()
