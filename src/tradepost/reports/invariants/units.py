"""Units are conserved: in the stock of every offer, and in every order, line and package."""

from tradepost.lifecycle import Act
from tradepost.reports.invariants.invariant import Invariant

INVARIANTS = (
    Invariant(
        "stock",
        "What is available of an offer is what was supplied, less what was sold, plus what came back; never negative.",
        """
        WITH sold AS (
            SELECT seller_id, sku, sum(quantity) AS units FROM order_lines GROUP BY seller_id, sku
        ), returned AS (
            SELECT seller_id, sku, sum(c.quantity) AS units
              FROM cancellations c JOIN order_lines USING (seller_id, order_id, line_no)
             WHERE c.returned
             GROUP BY seller_id, sku
        )
        SELECT format('offer %s of %s', sku, seller_id),
               format('%s are available; %s were supplied, %s sold, %s returned', f.available, f.supplied,
                      coalesce(sold.units, 0), coalesce(returned.units, 0))
          FROM offers f LEFT JOIN sold USING (seller_id, sku) LEFT JOIN returned USING (seller_id, sku)
         WHERE f.available < 0
            OR f.available <> f.supplied - coalesce(sold.units, 0) + coalesce(returned.units, 0)
        """,
    ),
    Invariant(
        "line_units",
        "No line has more units shipped and canceled than were ordered, or less than none.",
        """
        SELECT format('order %s of %s', order_id, seller_id),
               format('of %s units of line %s, %s are shipped and %s canceled', quantity, line_no, shipped, canceled)
          FROM order_lines
         WHERE quantity < 1 OR shipped < 0 OR canceled < 0 OR shipped + canceled > quantity
        """,
    ),
    Invariant(
        "order_units",
        "An order has as many units ordered, shipped and canceled, and costs as much, as its lines together.",
        """
        WITH lines AS (
            SELECT seller_id, order_id, sum(quantity) AS ordered, sum(shipped) AS shipped, sum(canceled) AS canceled,
                   sum(unit_price * quantity) AS total
              FROM order_lines
             GROUP BY seller_id, order_id
        )
        SELECT format('order %s of %s', order_id, seller_id),
               CASE WHEN l.ordered IS NULL THEN 'it has no lines'
                    ELSE format('it says %s ordered, %s shipped, %s canceled, total %s; its lines say %s, %s, %s, %s',
                                o.ordered_units, o.shipped_units, o.canceled_units, o.total,
                                l.ordered, l.shipped, l.canceled, l.total) END
          FROM orders o LEFT JOIN lines l USING (seller_id, order_id)
         WHERE (o.ordered_units, o.shipped_units, o.canceled_units, o.total)
               IS DISTINCT FROM (l.ordered, l.shipped, l.canceled, l.total)
        """,
    ),
    Invariant(
        "packed_units",
        "The shipped units of a line are those that lie in packages.",
        """
        WITH packed AS (
            SELECT seller_id, order_id, line_no, sum(quantity) AS units
              FROM package_items
             GROUP BY seller_id, order_id, line_no
        )
        SELECT format('order %s of %s', order_id, seller_id),
               format('line %s has %s shipped, and %s in packages', line_no, l.shipped, coalesce(p.units, 0))
          FROM order_lines l LEFT JOIN packed p USING (seller_id, order_id, line_no)
         WHERE l.shipped <> coalesce(p.units, 0)
        """,
    ),
    Invariant(
        "canceled_units",
        "The canceled units of a line are those that its cancellations name.",
        """
        WITH named AS (
            SELECT seller_id, order_id, line_no, sum(quantity) AS units
              FROM cancellations
             GROUP BY seller_id, order_id, line_no
        )
        SELECT format('order %s of %s', order_id, seller_id),
               format('line %s has %s canceled, and cancellations of %s', line_no, l.canceled, coalesce(n.units, 0))
          FROM order_lines l LEFT JOIN named n USING (seller_id, order_id, line_no)
         WHERE l.canceled <> coalesce(n.units, 0)
        """,
    ),
    Invariant(
        "packages",
        "Every package was confirmed by an event of its own, and holds something.",
        """
        WITH confirmed AS (
            SELECT seller_id, order_id, (detail ->> 'package')::int AS reference, count(*) AS times
              FROM order_events JOIN orders USING (seller_id, order_id)
             WHERE act = $1
             GROUP BY 1, 2, 3
        ), filled AS (
            SELECT seller_id, order_id, reference, sum(quantity) AS units FROM package_items GROUP BY 1, 2, 3
        ), made AS (
            SELECT p.* FROM packages p JOIN orders USING (seller_id, order_id)
        )
        SELECT format('order %s of %s', order_id, seller_id),
               CASE WHEN m.confirmed_at IS NULL THEN format('package %s was confirmed, and does not exist', reference)
                    WHEN c.times IS NULL THEN format('package %s was never confirmed', reference)
                    WHEN c.times > 1 THEN format('package %s was confirmed %s times', reference, c.times)
                    ELSE format('package %s holds nothing', reference) END
          FROM confirmed c
          FULL JOIN made m USING (seller_id, order_id, reference)
          LEFT JOIN filled f USING (seller_id, order_id, reference)
         WHERE m.confirmed_at IS NULL OR c.times IS DISTINCT FROM 1 OR f.units IS NULL
        """,
        lambda: (Act.CONFIRM_SHIPMENT,),
    ),
)
