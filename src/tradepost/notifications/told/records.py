"""The SQL that reads what is told: an order as it stood after an event of its history, a quantity as it is."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, columns
from tradepost.lifecycle import TO_SHIP, State

_WITH_ADDRESS = (*TO_SHIP, State.SHIPPED)  # then, and still


class OrderThen(NamedTuple):
    """An order, and its history up to an event. The dates are those of now: history does not hold earlier ones."""

    seller_id: str
    order_id: str
    number: int  # of the event
    marketplace_id: str
    placed_at: datetime
    ship_earliest: datetime
    ship_latest: datetime
    deliver_earliest: datetime
    deliver_latest: datetime
    act: str
    state: str  # after the event
    happened_at: datetime
    postal_code: str | None  # of a released order
    lines: list[tuple[int, str, str, int]]  # number, item id, SKU, quantity
    history: list[tuple[str, dict[str, int] | None]]  # act, and the units by line that it moved


async def orders(tx: Transaction, events: Collection[tuple[str, str, int]]) -> dict[tuple[str, str, int], OrderThen]:
    """Orders as they stood after these events, each named by seller, order and number."""
    rows = await tx.fetch(
        """
        SELECT o.seller_id, o.order_id, e.number, o.marketplace_id, o.placed_at, o.ship_earliest, o.ship_latest,
               o.deliver_earliest, o.deliver_latest, e.act, e.state, e.happened_at,
               CASE WHEN e.state = ANY($5) AND o.state = ANY($5) THEN o.ship_to ->> 'postal_code' END,
               (SELECT jsonb_agg(jsonb_build_array(line_no, item_id, sku, quantity) ORDER BY line_no)
                  FROM order_lines l WHERE l.seller_id = o.seller_id AND l.order_id = o.order_id),
               (SELECT jsonb_agg(jsonb_build_array(h.act, h.detail -> 'units') ORDER BY h.number)
                  FROM order_events h
                 WHERE h.seller_id = o.seller_id AND h.order_id = o.order_id AND h.number <= e.number)
          FROM unnest($2::text[], $3::text[], $4::int[]) AS told (seller_id, order_id, number)
          JOIN orders o USING (seller_id, order_id)
          JOIN order_events e USING (seller_id, order_id, number)
         WHERE o.seller_id = ANY($1 COLLATE "C")
        """,
        sorted({event[0] for event in events}),
        *columns(events, 3),
        _WITH_ADDRESS,
    )
    return {(row[0], row[1], row[2]): OrderThen(*row) for row in rows}


async def quantities(tx: Transaction, offers: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """What is available now of these offers, each named by seller and SKU."""
    rows: list[Any] = await tx.fetch(
        """
        SELECT seller_id, sku, available
          FROM offers
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, sku) USING (seller_id, sku)
         WHERE seller_id = ANY($1 COLLATE "C")
        """,
        sorted({seller_id for seller_id, _ in offers}),
        *columns(offers, 2),
    )
    return {(row[0], row[1]): row[2] for row in rows}
