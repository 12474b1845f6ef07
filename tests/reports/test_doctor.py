"""The doctor finds nothing in a market that only acts have touched, and everything that is broken on purpose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from busy_market import ORDERS, open_busy_market

from tests.conftest import TestServer
from tests.scene import LAMP, Scene
from tradepost.ground.database import Database, connect
from tradepost.lifecycle import ACTS
from tradepost.numbers import OrderKey
from tradepost.reports.doctor import Examination, examine
from tradepost.reports.invariants import INVARIANTS
from tradepost.reports.invariants.history import MOMENTS

BREAKS: list[tuple[str, str, list[str]]] = [
    ("business_clock", "", ["DELETE FROM business_clock"]),
    (
        "policies",
        "held",
        ["UPDATE orders SET policy_version = 7 WHERE order_id = $1"],
    ),
    ("policies", "", ["UPDATE marketplaces SET policy_version = 7"]),
    ("readable_policies", "", ["""UPDATE policies SET document = document || '{"hold": -1}'"""]),
    ("accounts", "", ["DELETE FROM buyers WHERE buyer_id = 'bob'"]),
    ("accounts", "", ["DELETE FROM sellers WHERE seller_id = 'solo'"]),
    (
        "accounts",
        "",
        [
            "INSERT INTO marketplaces SELECT 'OTHER', name, country, currency, locale, 1 FROM marketplaces",
            "INSERT INTO policies SELECT 'OTHER', 1, document FROM policies",
            "UPDATE sellers SET marketplace_id = 'OTHER' WHERE seller_id = 'solo'",
        ],
    ),
    ("orphans", "", ["INSERT INTO payments VALUES ('acme', '000', 'simulated', 'approve')"]),
    ("orphans", "", ["INSERT INTO packages VALUES ('acme', '000', 1, 'UPS', NULL, NULL, NULL, NULL, '2026-03-02')"]),
    (
        "orphans",
        "",
        [
            "INSERT INTO order_events SELECT 'acme', '000', 1, act, state, party, actor, happened_at, recorded_at "
            "FROM order_events WHERE act = 'place' LIMIT 1"
        ],
    ),
    (
        "orphans",
        "packed",
        ["UPDATE package_items SET reference = 9 WHERE order_id = $1 AND reference = 2 AND line_no = 1"],
    ),
    ("orphans", "packed", ["INSERT INTO package_items SELECT 'acme', $1, 1, 9, 1"]),
    ("orphans", "short", ["INSERT INTO cancellations SELECT 'acme', $1, 4, 9, 1, 'SELLER', 'no_inventory', false"]),
    (
        "orphans",
        "",
        [
            "INSERT INTO offers SELECT 'acme', 'GHOST', '', '', 1, 0, 1, false, NULL, listed_at, updated_at "
            "FROM offers WHERE sku = 'LAMP'",
            "INSERT INTO order_lines VALUES ('acme', '000', 1, '1', 'GHOST', '', 1, 1)",
        ],
    ),
    ("orphans", "", ["DELETE FROM offers WHERE sku = 'MUG'"]),
    ("checkouts", "paired", ["UPDATE orders SET buyer_id = 'bea' WHERE order_id = $1"]),
    ("stock", "", ["UPDATE offers SET available = available + 1 WHERE sku = 'LAMP'"]),
    ("stock", "", ["UPDATE offers SET supplied = supplied - 1 WHERE sku = 'VASE'"]),
    (
        "stock",
        "",
        [
            "ALTER TABLE offers DROP CONSTRAINT stock_not_negative",
            "UPDATE offers SET supplied = supplied - available - 1, available = -1 WHERE sku = 'LAMP'",
        ],
    ),
    (
        "line_units",
        "cheaper",
        [
            "ALTER TABLE order_lines DROP CONSTRAINT units_add_up",
            "UPDATE order_lines SET quantity = 3 - quantity WHERE order_id = $1",
            "UPDATE orders SET total = (SELECT sum(quantity * unit_price) FROM order_lines WHERE order_id = $1) "
            "WHERE order_id = $1",
        ],
    ),
    ("order_units", "open", ["UPDATE orders SET ordered_units = ordered_units + 1 WHERE order_id = $1"]),
    ("order_units", "open", ["UPDATE orders SET total = total + 1 WHERE order_id = $1"]),
    ("packed_units", "packed", ["UPDATE package_items SET quantity = 2 WHERE order_id = $1 AND reference = 2"]),
    ("canceled_units", "short", ["UPDATE cancellations SET quantity = 9 WHERE order_id = $1 AND NOT returned"]),
    (
        "packages",
        "packed",
        [
            "DELETE FROM package_items WHERE order_id = $1 AND reference = 1",
            "UPDATE package_items SET quantity = 2 WHERE order_id = $1 AND line_no = 1",
        ],
    ),
    (
        "packages",
        "packed",
        [
            "UPDATE packages SET reference = 3 WHERE order_id = $1 AND reference = 2",
            "UPDATE package_items SET reference = 3 WHERE order_id = $1 AND reference = 2",
        ],
    ),
    (
        "packages",
        "packed",
        ["UPDATE order_events SET detail = '{\"package\": 1}' WHERE order_id = $1 AND act = 'confirm_shipment'"],
    ),
    (
        "cancellations",
        "short",
        ["UPDATE cancellations SET canceled_by = 'BUYER' WHERE order_id = $1 AND NOT returned"],
    ),
    ("cancellations", "short", ["UPDATE cancellations SET reason = 'no' WHERE order_id = $1 AND NOT returned"]),
    ("cancellations", "short", ["UPDATE orders SET cancel_reason = 'no_inventory' WHERE order_id = $1"]),
    ("cancellations", "open", ["UPDATE orders SET canceled_by = 'SELLER' WHERE order_id = $1"]),
    ("event_numbers", "held", ["DELETE FROM order_events WHERE order_id = $1 AND act = 'defer' AND number = 2"]),
    ("event_numbers", "held", ["UPDATE orders SET last_event = last_event + 1 WHERE order_id = $1"]),
    ("transitions", "held", ["UPDATE order_events SET party = 'seller' WHERE order_id = $1 AND number = 2"]),
    ("transitions", "held", ["UPDATE order_events SET act = 'edit_package' WHERE order_id = $1 AND number = 2"]),
    (
        "moments",
        "held",
        ["UPDATE order_events SET happened_at = happened_at - interval '1 second' WHERE order_id = $1 AND number = 2"],
    ),
    (
        "last_event",
        "packed",
        ["UPDATE order_events SET state = 'partially_shipped' WHERE order_id = $1 AND state = 'shipped'"],
    ),
    ("last_event", "open", ["UPDATE orders SET updated_at = updated_at + interval '1 second' WHERE order_id = $1"]),
    ("stamps", "open", ["UPDATE orders SET approved_at = NULL WHERE order_id = $1"]),
    ("stamps", "open", ["UPDATE orders SET delivered_at = placed_at WHERE order_id = $1"]),
    ("verification", "held", ["UPDATE orders SET verify_at = placed_at WHERE order_id = $1", "DELETE FROM payments"]),
    (
        "verification",
        "approved",
        [
            "ALTER TABLE orders DROP CONSTRAINT only_the_unverified_are_verified",
            "UPDATE orders SET verify_at = placed_at WHERE order_id = $1",
        ],
    ),
    (
        "release",
        "packed",
        ["UPDATE packages SET confirmed_at = confirmed_at - interval '1 day' WHERE order_id = $1 AND reference = 1"],
    ),
    ("notices", "open", ["DELETE FROM notices WHERE order_id = $1 AND kind = 'sold_ship_now'"]),
    (
        "notices",
        "open",
        [
            "INSERT INTO notices SELECT seller_id, gen_random_uuid(), order_id, event, receiver, receiver_id, kind, "
            "happened_at, status, attempts, try_at FROM notices WHERE order_id = $1 AND kind = 'sold_ship_now'"
        ],
    ),
    (
        "notice_causes",
        "open",
        [
            "INSERT INTO notices SELECT seller_id, gen_random_uuid(), order_id, event, receiver, receiver_id, "
            "'order_canceled', happened_at, status, attempts, try_at FROM notices WHERE order_id = $1 "
            "AND kind = 'sold_ship_now'"
        ],
    ),
    ("notice_causes", "open", ["UPDATE notices SET receiver_id = 'bob' WHERE order_id = $1 AND receiver = 'buyer'"]),
    (
        "notice_causes",
        "open",
        ["UPDATE notices SET happened_at = happened_at + interval '1 second' WHERE order_id = $1"],
    ),
    (
        "states",
        "corrected",
        [
            "ALTER TABLE orders DROP CONSTRAINT finished_orders_sleep",
            "ALTER TABLE orders DROP CONSTRAINT finished_means_nothing_left",
            "UPDATE order_events SET state = 'shipped' WHERE order_id = $1 AND state = 'partially_shipped'",
            "UPDATE orders SET state = 'shipped', wakes_at = NULL WHERE order_id = $1",
        ],
    ),
    ("deadlines", "held", ["UPDATE orders SET wakes_at = wakes_at + interval '1 second' WHERE order_id = $1"]),
    ("deadlines", "approved", ["UPDATE orders SET wakes_at = wakes_at - interval '1 second' WHERE order_id = $1"]),
    (
        "deadlines",
        "open",
        [
            "ALTER TABLE orders DROP CONSTRAINT finished_orders_sleep",
            "UPDATE orders SET wakes_at = NULL WHERE order_id = $1",
        ],
    ),
    (
        "deadlines",
        "shipped",
        [
            "ALTER TABLE orders DROP CONSTRAINT finished_orders_sleep",
            "UPDATE orders SET wakes_at = placed_at WHERE order_id = $1",
        ],
    ),
]


class Undone(Exception):
    """Thrown so that what a test broke is whole again for the next."""


@pytest.fixture(scope="module")
async def busy(server: TestServer) -> AsyncIterator[tuple[Database, dict[str, OrderKey]]]:
    """One market for all tests of this file; each undoes what it breaks."""
    url = await server.make()
    async with connect(url) as database:
        _, orders = await open_busy_market(database)
        yield database, orders
    await server.drop(url)


Busy = tuple[Database, dict[str, OrderKey]]


async def _examine_broken(busy: Busy, name: str, statements: list[str], most_shown: int = 100) -> Examination:
    database, orders = busy
    examination = None
    with suppress(Undone):
        async with database.transaction() as tx:
            for statement in statements:
                changed = await tx.execute(statement, *([orders[name].order_id] if "$1" in statement else []))
                assert not changed.endswith(" 0"), f"nothing was broken: {statement}"
            examination = await examine(tx, most_shown=most_shown)
            raise Undone
    assert examination is not None
    return examination


async def test_a_busy_market_is_sound(busy: Busy) -> None:
    database, orders = busy
    async with database.transaction() as tx:
        examination = await examine(tx)
    assert examination.violations == []
    assert examination.sound
    assert examination.counted["orders"] == len(orders)
    assert all(examination.counted.values())


async def test_every_act_has_happened_in_it(busy: Busy) -> None:
    """Or the sound market would prove less than it seems to."""
    database, _ = busy
    async with database.transaction() as tx:
        happened = {row[0] for row in await tx.fetch("SELECT DISTINCT act FROM order_events")}
    assert happened == {row.act for row in ACTS}


@pytest.mark.parametrize(("check", "name", "statements"), BREAKS)
async def test_each_check_alone_finds_what_is_broken(busy: Busy, check: str, name: str, statements: list[str]) -> None:
    examination = await _examine_broken(busy, name, statements)
    assert {violation.check for violation in examination.violations} == {check}, examination.violations
    if name:
        order = busy[1][name]
        assert any(order.order_id in subject or "checkout" in subject for _, subject, _ in examination.violations)


def test_every_check_was_proved() -> None:
    checks = {invariant.name for invariant in INVARIANTS} | {"states", "deadlines", "readable_policies"}
    assert {check for check, _, _ in BREAKS} == checks


async def test_notices_before_release_are_found(busy: Busy) -> None:
    """Such a notice has no cause either: the two checks cannot be told apart by one notice."""
    told_too_early = """
        INSERT INTO notices
        SELECT o.seller_id, gen_random_uuid(), o.order_id, 1, 'seller', o.seller_id, 'sold_ship_now', o.placed_at,
               'queued', 0, o.placed_at
          FROM orders o WHERE order_id = $1
        """
    examination = await _examine_broken(busy, "held", [told_too_early])
    assert {violation.check for violation in examination.violations} == {"release", "notice_causes"}


async def test_only_the_first_violations_are_shown_and_all_are_counted(busy: Busy) -> None:
    examination = await _examine_broken(busy, "", ["UPDATE orders SET total = total + 1"], most_shown=3)
    assert examination.found == len(ORDERS)
    assert len(examination.violations) == 3


def test_all_stamps_of_the_table_are_compared() -> None:
    assert set(MOMENTS) == {row.stamps for row in ACTS if row.stamps}


async def test_a_market_without_orders_is_sound(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        assert (await examine(tx)).sound


async def test_what_others_commit_between_two_checks_is_no_violation(scene: Scene) -> None:
    async def sell() -> None:
        for _ in range(40):
            await scene.place(items={LAMP: 1})

    selling = asyncio.create_task(sell())
    while not selling.done():
        async with scene.database.transaction() as tx:
            assert (await examine(tx)).violations == []
    await selling


async def test_the_doctor_says_what_it_is_at(scene: Scene) -> None:
    heard: list[str] = []
    async with scene.database.transaction() as tx:
        await examine(tx, progress=heard.append)
    assert heard[: len(INVARIANTS)] == [invariant.name for invariant in INVARIANTS]
