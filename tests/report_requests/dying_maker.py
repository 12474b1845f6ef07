"""A worker that is killed: `dying_maker.py URL FOLDER LEASE_SECONDS [MOMENT]`. It says when it has a report, when its
file is made, when the document lies where documents lie, and when the report is through. Once it has said MOMENT it
does nothing more, however late whoever is to kill it comes.

What is left of a lease is waited for as in life, only shorter.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from tests.crash.saying import saying
from tradepost.ground.database import connect
from tradepost.ground.storage import Storage
from tradepost.jobs import turns
from tradepost.report_requests import making


async def main(url: str, folder: str, lease: str, moment: str = "") -> None:
    say = saying(moment)
    turns.LEASE = timedelta(seconds=float(lease))
    making.MOST_ATTEMPTS = 1000  # it may be killed any number of times
    write = Storage.write

    async def written(*arguments: Any) -> None:
        say("made")
        await asyncio.sleep(0.02)
        await write(*arguments)
        say("written")
        await asyncio.sleep(0.02)  # and told to nobody yet

    Storage.write = written  # type: ignore[method-assign]
    async with connect(url) as database:
        storage = Storage.at(folder)
        say("looking")
        while True:
            if taken := await making.take(database):
                say("taken")
                await making.go_on(database, storage, taken, asyncio.Event())
                say("through")
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
