"""Every event is told to those whom the lifecycle table names, once, and nothing leaves before release."""

from collections.abc import Iterable, Sequence

from tradepost.ground.database import columns
from tradepost.lifecycle import ACTS, PENDING, Act, Row
from tradepost.reports.invariants.invariant import Invariant


def _told() -> list[Sequence[object]]:
    """All (act, receiver, kind of notice)."""
    return columns(((row.act, party, kind) for row in ACTS for party, kind in row.tells), 3)


def _kinds_after_release() -> tuple[list[str]]:
    """The kinds of notices that only acts send which release an order, or come after its release."""
    after = [row for row in ACTS if row.act is Act.RELEASE or (row.sources and not PENDING & set(row.sources))]
    return (sorted(_kinds(after) - _kinds(row for row in ACTS if row not in after)),)


def _kinds(rows: Iterable[Row]) -> set[str]:
    return {kind for row in rows for _, kind in row.tells}


INVARIANTS = (
    Invariant(
        "notices",
        "Every event is told, once, to those whom the table names.",
        """
        WITH told AS (
            SELECT seller_id, order_id, event AS number, receiver, kind, count(*) AS times
              FROM notices
             GROUP BY 1, 2, 3, 4, 5
        )
        SELECT format('order %s of %s', order_id, seller_id),
               format('event %s (%s) is told to the %s %s times as %s', number, act, receiver,
                      coalesce(n.times, 0), kind)
          FROM order_events
          JOIN orders USING (seller_id, order_id)
          JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (act, receiver, kind) USING (act)
          LEFT JOIN told n USING (seller_id, order_id, number, receiver, kind)
         WHERE n.times IS DISTINCT FROM 1
        """,
        _told,
    ),
    Invariant(
        "notice_causes",
        "Every notice has an event that it tells, at its moment, to the order's own buyer or seller.",
        """
        SELECT format('order %s of %s', n.order_id, n.seller_id),
               CASE WHEN t.act IS NULL
                    THEN format('%s to the %s has no event %s that it tells', n.kind, n.receiver, n.event)
                    ELSE format('%s of event %s, at %s, is for %s at %s', n.kind, n.event, e.happened_at,
                                n.receiver_id, n.happened_at) END
          FROM notices n
          LEFT JOIN orders o USING (seller_id, order_id)
          LEFT JOIN order_events e ON e.seller_id = n.seller_id AND e.order_id = n.order_id AND e.number = n.event
          LEFT JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (act, receiver, kind)
                 ON t.act = e.act AND t.receiver = n.receiver AND t.kind = n.kind
         WHERE t.act IS NULL OR n.happened_at <> e.happened_at
            OR n.receiver_id IS DISTINCT FROM CASE n.receiver WHEN 'buyer' THEN o.buyer_id ELSE o.seller_id END
        """,
        _told,
    ),
    Invariant(
        "release",
        "Nothing is packed, and no notice of what follows release is sent, before the order is released.",
        """
        SELECT format('order %s of %s', order_id, seller_id),
               format('package %s was confirmed at %s, and the order released %s', p.reference, p.confirmed_at,
                      coalesce('at ' || o.released_at, 'never'))
          FROM packages p JOIN orders o USING (seller_id, order_id)
         WHERE o.released_at IS NULL OR p.confirmed_at < o.released_at
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id),
               format('%s was told at %s, and the order released %s', n.kind, n.happened_at,
                      coalesce('at ' || o.released_at, 'never'))
          FROM notices n JOIN orders o USING (seller_id, order_id)
         WHERE n.kind = ANY($1) AND (o.released_at IS NULL OR n.happened_at < o.released_at)
        """,
        _kinds_after_release,
    ),
)
