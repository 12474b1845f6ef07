"""Shipping Confirmation files as sellers' programs write them, and what is seen of them afterwards."""

from collections.abc import Iterable
from typing import Any

from tests.scene import PARCEL, PRO, Scene
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.processing_report import ProcessingReport

HEADINGS = "order-id order-item-id quantity ship-date carrier-code carrier-name tracking-number ship-method"
TRACKING = str(PARCEL.tracking)
DAY = "2026-03-02"  # of the scene


def table(rows: Iterable[Iterable[object]], headings: str = HEADINGS) -> bytes:
    return "".join("\t".join(map(str, row)) + "\r\n" for row in [headings.split(), *rows]).encode()


def row(
    key: OrderKey | str, item: str = "", quantity: object = "", *, day: str = DAY, carrier: str = "UPS",
    name: str = "", tracking: str = TRACKING, method: str = "",
) -> tuple[object, ...]:  # fmt: skip
    """A row of the file in the columns of the template."""
    order_id = key if isinstance(key, str) else key.order_id
    return order_id, item, quantity, day, carrier, name, tracking, method


async def upload(scene: Scene, *rows: Iterable[object], seller: str = PRO) -> ProcessingReport:
    """Apply a file of these rows that is not refused as a whole."""
    report = await apply_file(scene.database, seller, table(rows))
    assert isinstance(report, ProcessingReport), report
    return report


def told(report: ProcessingReport) -> list[tuple[int, int, str]]:
    """The error table in short: record, code, type."""
    return [(entry.record, entry.code, str(entry.error_type)) for entry in report.entries]


async def packages(scene: Scene, key: OrderKey) -> list[tuple[Any, ...]]:
    """(reference, carrier, tracking, units by line) of an order's packages."""
    rows = await scene.rows(
        """
        SELECT reference, carrier_code, tracking, jsonb_object_agg(line_no, quantity)
          FROM packages JOIN package_items USING (seller_id, order_id, reference)
         WHERE seller_id = $1 AND order_id = $2
         GROUP BY reference, carrier_code, tracking ORDER BY reference
        """,
        *key,
    )
    return [tuple(found) for found in rows]
