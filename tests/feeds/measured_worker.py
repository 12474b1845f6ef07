"""A worker that says of each feed how much memory the process held at most: `measured_worker.py URL FOLDER`.

A line for each: its id, and MiB; the first one says what is held before any.
"""

import asyncio
import re
import sys
from pathlib import Path

from tradepost.feeds import working
from tradepost.ground.database import connect
from tradepost.ground.storage import Storage


def say(what: str) -> None:
    """The peak since this was last asked: of this process alone, where getrusage would begin with its parent's."""
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(what, int(kib) >> 10, flush=True)
    Path("/proc/self/clear_refs").write_text("5")


async def main(url: str, folder: str) -> None:
    async with connect(url) as database:
        storage = Storage.at(folder)
        say("nothing")
        while taken := await working.take(database):
            await working.go_on(database, storage, taken, asyncio.Event())
            say(taken.job.feed_id)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
