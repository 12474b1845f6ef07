"""What everything needs to exist: a clock, policies, accounts, the order that a row belongs to."""

from tradepost.lifecycle import UNVERIFIED
from tradepost.reports.invariants.invariant import Invariant

INVARIANTS = (
    Invariant(
        "business_clock",
        "There is a business clock.",
        """
        SELECT 'the business clock', 'it has no row: no transaction can tell the time'
         WHERE NOT EXISTS (SELECT 1 FROM business_clock)
        """,
    ),
    Invariant(
        "policies",
        "Every order has the policy that it was placed under, and every marketplace the one for new orders.",
        """
        SELECT format('order %s of %s', o.order_id, o.seller_id),
               format('version %s of the policy of %s does not exist', o.policy_version, o.marketplace_id)
          FROM orders o
          LEFT JOIN policies p ON p.marketplace_id = o.marketplace_id AND p.version = o.policy_version
         WHERE p.version IS NULL
         UNION ALL
        SELECT format('marketplace %s', m.marketplace_id),
               format('version %s of its policy does not exist', m.policy_version)
          FROM marketplaces m
          LEFT JOIN policies p ON p.marketplace_id = m.marketplace_id AND p.version = m.policy_version
         WHERE p.version IS NULL
        """,
    ),
    Invariant(
        "accounts",
        "Every order has a buyer and a seller, and the seller belongs to the order's marketplace.",
        """
        SELECT format('order %s of %s', o.order_id, o.seller_id),
               CASE WHEN s.seller_id IS NULL THEN 'the seller has no account'
                    WHEN b.buyer_id IS NULL THEN format('buyer %s has no account', o.buyer_id)
                    ELSE format('it is of marketplace %s, its seller of %s', o.marketplace_id, s.marketplace_id) END
          FROM orders o LEFT JOIN sellers s USING (seller_id) LEFT JOIN buyers b USING (buyer_id)
         WHERE s.seller_id IS NULL OR b.buyer_id IS NULL OR s.marketplace_id <> o.marketplace_id
        """,
    ),
    Invariant(
        "orphans",
        "Whatever belongs to an order belongs to one that exists.",
        """
        SELECT format('order %s of %s', order_id, seller_id), 'there is a payment, and no such order'
          FROM payments LEFT JOIN orders o USING (seller_id, order_id) WHERE o.state IS NULL
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id), format('there is line %s, and no such order', line_no)
          FROM order_lines LEFT JOIN orders o USING (seller_id, order_id) WHERE o.state IS NULL
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id),
               format('line %s is of SKU %s, which has no offer', line_no, sku)
          FROM order_lines LEFT JOIN offers f USING (seller_id, sku) WHERE f.available IS NULL
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id), format('there is event %s, and no such order', number)
          FROM order_events LEFT JOIN orders o USING (seller_id, order_id) WHERE o.state IS NULL
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id),
               format('there is package %s, and no such order', reference)
          FROM packages LEFT JOIN orders o USING (seller_id, order_id) WHERE o.state IS NULL
         UNION ALL
        SELECT format('order %s of %s', order_id, seller_id),
               format('units of line %s lie in package %s, and one of the two does not exist', line_no, reference)
          FROM package_items i
          LEFT JOIN packages p USING (seller_id, order_id, reference)
          LEFT JOIN order_lines l USING (seller_id, order_id, line_no)
         WHERE p.confirmed_at IS NULL OR l.quantity IS NULL
         UNION ALL
        SELECT format('order %s of %s', c.order_id, c.seller_id),
               format('event %s cancels units of line %s, and one of the two does not exist', event, line_no)
          FROM cancellations c
          LEFT JOIN order_lines l USING (seller_id, order_id, line_no)
          LEFT JOIN order_events e ON e.seller_id = c.seller_id AND e.order_id = c.order_id AND e.number = c.event
         WHERE l.quantity IS NULL OR e.act IS NULL
        """,
    ),
    Invariant(
        "checkouts",
        "The orders of one checkout have one buyer, one marketplace and one moment.",
        """
        SELECT format('checkout %s', checkout_id), format('its %s orders do not agree on it', count(*))
          FROM orders
         GROUP BY checkout_id
        HAVING (min(buyer_id), min(marketplace_id), min(placed_at))
            <> (max(buyer_id), max(marketplace_id), max(placed_at))
        """,
    ),
    Invariant(
        "verification",
        "A payment gateway is asked only about unverified orders, and only where there is a payment.",
        """
        SELECT format('order %s of %s', order_id, seller_id),
               format('it is %s%s, and the gateway is to be asked at %s', o.state,
                      CASE WHEN p.token IS NULL THEN ' without a payment' ELSE '' END, o.verify_at)
          FROM orders o LEFT JOIN payments p USING (seller_id, order_id)
         WHERE o.verify_at IS NOT NULL AND (p.token IS NULL OR o.state <> ALL($1))
        """,
        lambda: (sorted(UNVERIFIED),),
    ),
)
