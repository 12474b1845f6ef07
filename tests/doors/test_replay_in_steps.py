"""The replay plays many rows at once, and yet nobody buys a unit before it came back."""

from datetime import UTC, datetime, timedelta
from itertools import count

from tradepost.doors.replay.history import Row
from tradepost.doors.replay.play import play
from tradepost.ground.database import Database

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
_lines = count(2)


def _row(minutes: int, event: str, order: str = "", detail: str = "", quantity: int | None = None) -> Row:
    offer = event in ("list", "checkout")
    at = START + timedelta(minutes=minutes)
    sku, price = ("LAMP", 1990) if offer else ("", None)
    return Row(next(_lines), at, event, order, "acme" if offer else "", order.lower(), sku, quantity, price, detail)


async def test_a_checkout_waits_for_every_return_before_it_however_long_its_chain(database: Database) -> None:
    """A's unit comes back in the fourth step of a long chain, B's in the second; C needs both of them."""
    rows = [
        _row(0, "list", detail="Red lamp", quantity=2),
        _row(1, "checkout", "A", quantity=1),
        _row(2, "verify", "A", "approved"),
        _row(32, "request_cancel", "A"),
        _row(33, "checkout", "B", quantity=1),
        _row(34, "seller_cancel", "A", "buyer_canceled"),
        _row(35, "buyer_cancel", "B"),
        _row(36, "checkout", "C", quantity=2),
    ]
    played = await play(database, rows, "UTC", rows[-1].at, lambda _: None)
    assert played.refused == []
    assert set(played.orders) == {"A", "B", "C"}
