"""The history of every order is whole, follows the lifecycle table, and is what the order says of itself."""

from collections.abc import Sequence

from tradepost.ground.database import columns
from tradepost.lifecycle import ACTS, CANCELED_BY, CELLS, Row, Stock
from tradepost.orders.journal import NOT_RESTOCKED
from tradepost.reports.invariants.invariant import Invariant

MOMENTS = (
    "placed_at", "approved_at", "released_at", "warned_at", "shipped_at", "delivered_at", "canceled_at",
    "cancellation_requested_at",
)  # fmt: skip
"""The moments that acts stamp on an order, as the statement below compares them."""


def _stamping(moment: str) -> list[str]:
    """The acts that set this moment of an order."""
    return [row.act for row in ACTS if row.stamps == moment]


def _transitions() -> list[Sequence[object]]:
    """All (state before, act, state after, party) that the table allows; an order that is being placed has no state."""
    steps: list[tuple[str, Row]] = [(source, row) for (source, _), row in CELLS.items()]
    steps += [("", row) for row in ACTS if not row.sources]
    return columns(
        (
            (source, row.act, target, party)
            for source, row in steps
            for target in row.targets or (source,)
            for party in row.by
        ),
        4,
    )


def _cancelers() -> list[Sequence[object]]:
    """All (act, party, who canceled, reason or None, returned to stock or None where the reason decides)."""
    returned = {Stock.RETURNED: True, Stock.KEPT: False, Stock.BY_REASON: None}
    canceling = [row for row in ACTS if row.stamps == "canceled_at"]
    rows = [
        (row.act, by, CANCELED_BY[by], row.reason, returned[row.stock or Stock.KEPT])
        for row in canceling
        for by in row.by
    ]
    return [*columns(rows, 5), NOT_RESTOCKED]


INVARIANTS = (
    Invariant(
        "event_numbers",
        "The events of an order are numbered from 1 to its last event without a gap.",
        """
        WITH counted AS (
            SELECT seller_id, order_id, count(*) AS events, min(number) AS first, max(number) AS last
              FROM order_events
             GROUP BY seller_id, order_id
        )
        SELECT format('order %s of %s', order_id, seller_id),
               format('its last event is %s, and it has %s events from %s to %s', o.last_event, coalesce(c.events, 0),
                      c.first, c.last)
          FROM orders o LEFT JOIN counted c USING (seller_id, order_id)
         WHERE (c.events, c.first, c.last) IS DISTINCT FROM (o.last_event::bigint, 1, o.last_event)
        """,
    ),
    Invariant(
        "transitions",
        "Every history begins with the placing, and each event is one that the table allows in the state before it.",
        """
        SELECT format('order %s of %s', e.order_id, e.seller_id),
               format('event %s is %s by %s, from %s to %s', e.number, e.act, e.party, e.before, e.state)
          FROM (SELECT seller_id, order_id, number, act, e.state, party,
                       CASE WHEN number = 1 THEN '' ELSE lag(e.state) OVER history END AS before,
                       number - lag(number, 1, 0) OVER history AS step
                  FROM order_events e JOIN orders USING (seller_id, order_id)
                WINDOW history AS (PARTITION BY seller_id, order_id ORDER BY number)) AS e
          LEFT JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t (source, act, target, party)
                 ON t.source = e.before AND t.act = e.act AND t.target = e.state AND t.party = e.party
         WHERE t.act IS NULL AND e.step = 1
        """,
        _transitions,
    ),
    Invariant(
        "moments",
        "No event of an order happened before the one that precedes it.",
        """
        SELECT format('order %s of %s', order_id, seller_id),
               format('event %s happened at %s, after one of %s', number, happened_at, before)
          FROM (SELECT seller_id, order_id, number, happened_at, lag(happened_at) OVER history AS before
                  FROM order_events JOIN orders USING (seller_id, order_id)
                WINDOW history AS (PARTITION BY seller_id, order_id ORDER BY number)) AS e
         WHERE happened_at < before
        """,
    ),
    Invariant(
        "last_event",
        "An order is in the state that its last event left, and was changed when that happened.",
        """
        SELECT format('order %s of %s', order_id, seller_id),
               format('it is %s since %s, and event %s left it %s at %s', o.state, o.updated_at, e.number, e.state,
                      e.happened_at)
          FROM orders o JOIN order_events e USING (seller_id, order_id)
         WHERE e.number = o.last_event AND (o.state <> e.state OR o.updated_at <> e.happened_at)
        """,
    ),
    Invariant(
        "stamps",
        "The moments on an order are those of the last events that set them.",
        """
        WITH stamped AS (
            SELECT seller_id, order_id,
                   max(happened_at) FILTER (WHERE act = ANY($1)) AS placed_at,
                   max(happened_at) FILTER (WHERE act = ANY($2)) AS approved_at,
                   max(happened_at) FILTER (WHERE act = ANY($3)) AS released_at,
                   max(happened_at) FILTER (WHERE act = ANY($4)) AS warned_at,
                   max(happened_at) FILTER (WHERE act = ANY($5)) AS shipped_at,
                   max(happened_at) FILTER (WHERE act = ANY($6)) AS delivered_at,
                   max(happened_at) FILTER (WHERE act = ANY($7)) AS canceled_at,
                   max(happened_at) FILTER (WHERE act = ANY($8)) AS cancellation_requested_at
              FROM order_events
             GROUP BY seller_id, order_id
        )
        SELECT format('order %s of %s', order_id, seller_id),
               format('%s is %s, and the history says %s', m.name, coalesce(m.on_order::text, 'nothing'),
                      coalesce(m.in_history::text, 'nothing'))
          FROM orders o JOIN stamped s USING (seller_id, order_id)
         CROSS JOIN LATERAL (VALUES
               ('placed_at', o.placed_at, s.placed_at), ('approved_at', o.approved_at, s.approved_at),
               ('released_at', o.released_at, s.released_at), ('warned_at', o.warned_at, s.warned_at),
               ('shipped_at', o.shipped_at, s.shipped_at), ('delivered_at', o.delivered_at, s.delivered_at),
               ('canceled_at', o.canceled_at, s.canceled_at),
               ('cancellation_requested_at', o.cancellation_requested_at, s.cancellation_requested_at)
             ) AS m (name, on_order, in_history)
         WHERE m.on_order IS DISTINCT FROM m.in_history
        """,
        lambda: [_stamping(moment) for moment in MOMENTS],
    ),
    Invariant(
        "cancellations",
        "Cancellations say who and why as their events do and return stock by the table; the last is the order's.",
        """
        SELECT format('order %s of %s', c.order_id, c.seller_id),
               format('event %s (%s by %s) canceled as %s, %s, %s', c.event, e.act, e.party, c.canceled_by, c.reason,
                      CASE WHEN c.returned THEN 'returned' ELSE 'not returned' END)
          FROM cancellations c
          JOIN order_events e ON e.seller_id = c.seller_id AND e.order_id = c.order_id AND e.number = c.event
          LEFT JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
                 AS t (act, party, canceled_by, reason, returned) ON t.act = e.act AND t.party = e.party
         WHERE c.canceled_by IS DISTINCT FROM t.canceled_by
            OR c.reason IS DISTINCT FROM coalesce(t.reason, e.detail ->> 'reason')
            OR c.returned IS DISTINCT FROM coalesce(t.returned, c.reason <> $6)
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id),
               format('it was canceled by %s (%s), and its last cancellation says %s (%s)',
                      coalesce(o.canceled_by, 'nobody'), coalesce(o.cancel_reason, 'no reason'),
                      coalesce(l.canceled_by, 'nobody'), coalesce(l.reason, 'no reason'))
          FROM orders o
          LEFT JOIN (SELECT DISTINCT ON (seller_id, order_id) seller_id, order_id, canceled_by, reason
                       FROM cancellations
                      ORDER BY seller_id, order_id, event DESC) AS l USING (seller_id, order_id)
         WHERE (o.canceled_by, o.cancel_reason) IS DISTINCT FROM (l.canceled_by, l.reason)
        """,
        _cancelers,
    ),
)
