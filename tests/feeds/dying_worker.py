"""A worker that is killed: `dying_worker.py URL FOLDER LEASE_SECONDS [MOMENT]`. It says when it has a feed, and each
step of it. Once it has said MOMENT it does nothing more, however late whoever is to kill it comes.

What is left of a lease is waited for as in life, only shorter.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from tests.crash.saying import saying
from tradepost.feeds import kind, records, working
from tradepost.ground.database import connect
from tradepost.ground.storage import Storage
from tradepost.jobs import turns

ROWS_AT_ONCE = 5


async def main(url: str, folder: str, lease: str, moment: str = "") -> None:
    say = saying(moment)
    turns.LEASE = timedelta(seconds=float(lease))
    working.MOST_ATTEMPTS = 1000  # it may be killed sooner than it gets on, any number of times
    kind.ROWS_AT_ONCE = ROWS_AT_ONCE
    note = records.step

    async def noted(*arguments: Any) -> bool:
        say("applied", arguments[2])  # and not yet committed
        return await note(*arguments)

    records.step = noted  # type: ignore[assignment]
    async with connect(url) as database:
        storage = Storage.at(folder)
        say("looking")
        while True:
            if taken := await working.take(database):
                say("taken")
                await working.go_on(database, storage, taken, asyncio.Event())
                say("through")
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
