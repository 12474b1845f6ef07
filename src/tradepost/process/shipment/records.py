"""The SQL of packages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tradepost.ground.database import Transaction, columns
from tradepost.numbers import OrderKey


@dataclass(slots=True)
class Package:
    """What one parcel of an order is, and which units lie in it."""

    key: OrderKey
    reference: int  # unique within the order
    carrier_code: str
    carrier_name: str | None
    ship_method: str | None
    tracking: str | None
    shipped_on: datetime | None  # as the seller says; rules look at confirmed_at
    confirmed_at: datetime
    edited_at: datetime | None = None
    units: dict[int, int] = field(default_factory=dict)  # by line number


async def read(tx: Transaction, keys: Collection[OrderKey]) -> dict[OrderKey, dict[int, Package]]:
    """The packages of locked orders, by reference."""
    rows = await tx.fetch(
        """
        SELECT p.seller_id, p.order_id, p.reference, p.carrier_code, p.carrier_name, p.ship_method, p.tracking,
               p.shipped_on, p.confirmed_at, p.edited_at,
               array_agg(i.line_no ORDER BY i.line_no), array_agg(i.quantity ORDER BY i.line_no)
          FROM packages p
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, order_id) USING (seller_id, order_id)
          JOIN package_items i USING (seller_id, order_id, reference)
         WHERE p.seller_id = ANY($1)
         GROUP BY p.seller_id, p.order_id, p.reference
        """,
        sorted({key.seller_id for key in keys}),
        *columns(sorted(keys), 2),
    )
    packages: dict[OrderKey, dict[int, Package]] = {}
    for row in rows:
        seller_id, order_id, *rest, line_numbers, quantities = row
        key = OrderKey(seller_id, order_id)
        package = Package(key, *rest)
        package.units = dict(zip(line_numbers, quantities, strict=True))
        packages.setdefault(key, {})[package.reference] = package
    return packages


async def insert(tx: Transaction, packages: Sequence[Package]) -> None:
    """Write new packages."""
    await tx.later(
        """
        INSERT INTO packages (seller_id, order_id, reference, carrier_code, carrier_name, ship_method, tracking,
                              shipped_on, confirmed_at, edited_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                             $8::timestamptz[], $9::timestamptz[], $10::timestamptz[])
        """,
        *columns(map(_row, packages), 10),
    )
    await tx.later(
        """
        INSERT INTO package_items (seller_id, order_id, reference, line_no, quantity)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[], $5::int[])
        """,
        *columns(
            ((*p.key, p.reference, line_no, quantity) for p in packages for line_no, quantity in p.units.items()), 5
        ),
    )


async def update(tx: Transaction, packages: Sequence[Package]) -> None:
    """Write edited packages."""
    await tx.later(
        """
        UPDATE packages p
           SET carrier_code = n.carrier_code, carrier_name = n.carrier_name, ship_method = n.ship_method,
               tracking = n.tracking, shipped_on = n.shipped_on, edited_at = n.edited_at
          FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                      $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
            AS n (seller_id, order_id, reference, carrier_code, carrier_name, ship_method, tracking, shipped_on,
                  confirmed_at, edited_at)
         WHERE p.seller_id = ANY($1)
           AND p.seller_id = n.seller_id AND p.order_id = n.order_id AND p.reference = n.reference
        """,
        sorted({package.key.seller_id for package in packages}),
        *columns(map(_row, packages), 10),
    )


def _row(p: Package) -> tuple[object, ...]:
    return (
        *p.key, p.reference, p.carrier_code, p.carrier_name, p.ship_method, p.tracking, p.shipped_on, p.confirmed_at,
        p.edited_at,
    )  # fmt: skip


async def enter_file(tx: Transaction, seller_id: str, digest: str, at: datetime) -> bool:
    """Take note of a confirmation file; whether it is new. Whoever brings the same one meanwhile waits here."""
    entered = await tx.value(
        """
        INSERT INTO confirmation_files (seller_id, digest, applied_at, records, successful)
        VALUES ($1, $2, $3, 0, 0)
            ON CONFLICT (seller_id, digest) DO NOTHING
        RETURNING true
        """,
        seller_id, digest, at,
    )  # fmt: skip
    return bool(entered)


async def file_applied_at(tx: Transaction, seller_id: str, digest: str) -> datetime | None:
    """When a confirmation file was applied."""
    applied_at: datetime | None = await tx.value(
        "SELECT applied_at FROM confirmation_files WHERE seller_id = $1 AND digest = $2", seller_id, digest
    )
    return applied_at


async def finish_file(tx: Transaction, seller_id: str, digest: str, records: int, successful: int) -> None:
    """Write what became of a confirmation file that was entered."""
    await tx.execute(
        "UPDATE confirmation_files SET records = $3, successful = $4 WHERE seller_id = $1 AND digest = $2",
        seller_id, digest, records, successful,
    )  # fmt: skip


async def forget_file(tx: Transaction, seller_id: str, digest: str) -> None:
    """Take back the note of a confirmation file of which nothing was applied."""
    await tx.execute("DELETE FROM confirmation_files WHERE seller_id = $1 AND digest = $2", seller_id, digest)
