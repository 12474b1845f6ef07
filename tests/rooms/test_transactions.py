"""What every act stands on: a transaction sees what others wrote while it waited for them."""

from urllib.parse import urlsplit

from tests.conftest import TestServer
from tradepost.ground.database import Transaction, connect


async def test_a_transaction_is_read_committed_whatever_the_server_prefers(
    server: TestServer, database_url: str
) -> None:
    name = urlsplit(database_url).path[1:]
    await server.say(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")

    async def isolation(tx: Transaction) -> object:
        return await tx.value("SHOW transaction_isolation")

    async with connect(database_url) as database:
        assert await database.run(isolation) == "read committed"
