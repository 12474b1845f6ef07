"""What must be true of any database at any moment: the doctor's word on it."""

from tradepost.ground.database import Database
from tradepost.reports import doctor
from tradepost.reports.doctor import Violation


async def violations(database: Database) -> list[Violation]:
    """What the doctor finds; nothing, in a sound database."""
    async with database.transaction() as tx:
        return (await doctor.examine(tx)).violations
