"""Whether requests are being answered, for those whose work may wait.

A worker of low priority still has the database, and its disk, work for it as for anybody else.
"""

from tradepost.ground.database import SERVING, Transaction

_UNDER_WAY = """
SELECT EXISTS (
       SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = $1 AND state NOT IN ('idle', 'disabled'))
"""


async def requests_under_way(tx: Transaction) -> bool:
    """Whether the database is at work for a server process, on this machine or another one. Where it does not tell
    (`track_activities` is off, or the server has a role of its own) it is not."""
    return bool(await tx.value(_UNDER_WAY, SERVING))
