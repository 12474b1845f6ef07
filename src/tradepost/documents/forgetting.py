"""Documents whose time is over: they are refused from that moment on, and deleted some time later.

What lies under a name goes first, and then what is known of it. Whoever dies in between leaves a name with nothing
under it, which the next round deletes once more. Several workers may do this at the same time.
"""

from datetime import timedelta

from tradepost.documents import records
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Database, Transaction
from tradepost.ground.storage import Storage

AT_ONCE = 200
A_WHILE = timedelta(days=1)
"""By the business clock, from the end of a document to its deletion: whoever was told of it before may still come."""
LONGEST_WRITE = timedelta(hours=1)
"""By the machine's clock. The business clock may leap while a document is being written: it is not deleted before, or
it would lie there for ever afterwards."""


async def forget(database: Database, storage: Storage) -> int:
    """Delete some documents whose time is over; how many. Raises StorageUnavailable where they lie."""

    async def ended(tx: Transaction) -> list[tuple[str, str]]:
        return await records.ended(tx, tx.now - A_WHILE, machine_now() - LONGEST_WRITE, AT_ONCE)

    gone = await database.run(ended)
    for _, document_id in gone:
        await storage.delete(document_id)
    if gone:
        await database.run(lambda tx: records.forget(tx, gone))
    return len(gone)
