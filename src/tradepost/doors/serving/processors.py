"""Where the processes of a server run, and whom they push aside.

A checkout goes through threads of its client, the server and the database, which wake each other. On a busy machine it
costs more to change between them than most of them have to do (docs/decisions/0009). Only Linux knows these requests,
and nothing is lost where it refuses them.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def available() -> set[int]:
    """The processors that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        with suppress(OSError):
            return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def let_others_finish() -> None:
    """Let no thread of the server, on waking, push from its processor who works there: the database, or another thread
    of the server. What comes meanwhile is done together afterwards; where a processor is idle nothing changes. The
    processes that the server starts inherit it. Linux calls it SCHED_BATCH; whoever chose otherwise for the server has
    what they chose."""
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):  # a container may not allow it
            if os.sched_getscheduler(0) == os.SCHED_OTHER:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def share_out(folder: Path, processes: int) -> None:
    """Offer each process a processor of its own, in a folder of the server's, where there are as many of both. With
    more processors or fewer the kernel knows better."""
    processors = available()
    if len(processors) == processes and hasattr(os, "sched_setaffinity"):
        for number in processors:
            (folder / f"processor-{number}").touch()


def keep_to_one(folder: Path) -> None:
    """Keep to a processor that was offered, and that no other process of the server has taken.

    Left alone, two busy processes now and then share one while another is idle. The lock on it ends with this process,
    however that comes, and whoever takes the place of one that died finds it free.
    """
    for offered in sorted(folder.glob("processor-*")):
        taken = os.open(offered, os.O_RDWR)
        try:
            fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # taken, or in a folder that knows no locks
            os.close(taken)
            continue
        with suppress(OSError):  # a processor may be gone
            os.sched_setaffinity(0, {int(offered.name.rpartition("-")[2])})
        return
