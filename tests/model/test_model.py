"""The model against the outputs that the paper came with, and against rules read straight from the paper."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from tests.conftest import SHARED, absent

from .histories import ZONES, History, histories, random_history
from .marketplace_model import MarketplaceModel, Notice, Order, confirm_by_of, first_instant, warning_of
from .play import COLUMNS, Row, moment, play, read_history, write_history, write_outcome

DATA = SHARED / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=absent(DATA))

PLACED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOLD_END = PLACED + timedelta(minutes=30)
VERIFICATION_END = PLACED + timedelta(days=21)
WARNING = datetime(2026, 3, 26, tzinfo=UTC)
CONFIRM_BY = datetime(2026, 4, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def market(zone: str = "UTC", lamps: int = 5, bulbs: int = 5) -> MarketplaceModel:
    model = MarketplaceModel(zone)
    opening = PLACED - timedelta(days=1)
    model.list_offer(opening, "acme", "LAMP", lamps, "19.90", "Desk lamp")
    model.list_offer(opening, "acme", "BULB", bulbs, "2.50", "Bulb")
    model.list_offer(opening, "bob", "MUG", 1, "8.00", "Mug")
    return model


def placed_order(*, lamps: int = 2, bulbs: int = 0, approved: bool = False) -> tuple[MarketplaceModel, Order]:
    """An order A1 of acme, bought at PLACED; when approved, at once, so that it leaves the hold as Unshipped."""
    model = market()
    lines = [(sku, units, "1") for sku, units in (("LAMP", lamps), ("BULB", bulbs)) if units]
    assert model.checkout(PLACED, [("A1", "acme", "ann", lines)]) is None
    if approved:
        assert model.verify(PLACED, "A1", "approved") is None
    return model, model.orders["A1"]


def lamps(model: MarketplaceModel) -> tuple[int, int]:
    stock = model.stock["acme", "LAMP"]
    return stock.available, stock.reserved


def told(model: MarketplaceModel, at: datetime) -> list[tuple[str, str]]:
    return sorted((notice.to, notice.kind) for notice in model.notices if notice.at == at)


class TestPaperData:
    @needs_data
    @pytest.mark.parametrize(("name", "zone"), [("example", "UTC"), ("boundaries", "Asia/Shanghai")])
    @pytest.mark.parametrize("file", ["orders.csv", "stock.csv", "refused.csv", "notices.csv"])
    def test_the_expected_outputs_byte_for_byte(self, name: str, zone: str, file: str, tmp_path: Path) -> None:
        write_outcome(play(read_history(DATA / name / "history.csv"), zone), tmp_path)
        assert (tmp_path / file).read_bytes() == (DATA / name / "expected" / file).read_bytes()

    @needs_data
    def test_the_real_history(self) -> None:
        outcome = play(read_history(DATA / "history.csv"), "America/Sao_Paulo")
        by_status = Counter(order.status for order in outcome.model.orders.values())
        assert by_status == {"Shipped": 4890, "Canceled": 175, "Unshipped": 7}
        assert Counter(event for _, event, _ in outcome.refused) == {"confirm": 89, "deliver": 87, "verify": 1}
        assert Counter(notice.kind for notice in outcome.model.notices)["confirm_shipment_reminder"] == 124


class TestCheckout:
    def test_takes_the_stock_at_once(self) -> None:
        model, order = placed_order(lamps=2)
        assert order.status == "Pending"
        assert lamps(model) == (3, 2)

    @pytest.mark.parametrize(("wanted", "taken"), [(5, True), (6, False)])
    def test_takes_up_to_what_is_available(self, wanted: int, taken: bool) -> None:
        cart = [("A1", "acme", "ann", [("LAMP", wanted, "1")])]
        assert (market().checkout(PLACED, cart) is None) == taken

    @pytest.mark.parametrize(("second", "taken"), [(2, True), (3, False)])
    def test_sums_the_same_sku_on_two_lines_and_over_the_orders_of_a_cart(self, second: int, taken: bool) -> None:
        model = market()
        lines = [("LAMP", 1, "1"), ("LAMP", 2, "1")]
        cart = [("A1", "acme", "ann", lines), ("A2", "acme", "ann", [("LAMP", second, "1")])]
        assert (model.checkout(PLACED, cart) is None) == taken
        assert lamps(model) == ((0, 5) if taken else (5, 0))

    def test_several_sellers_in_one_cart(self) -> None:
        model = market()
        cart = [("A1", "acme", "ann", [("LAMP", 1, "1")]), ("B1", "bob", "ann", [("MUG", 1, "1")])]
        assert model.checkout(PLACED, cart) is None
        assert set(model.orders) == {"A1", "B1"}

    @pytest.mark.parametrize(
        "spoiler",
        [
            pytest.param(("B1", "bob", "ann", [("MUG", 2, "1")]), id="no stock"),
            pytest.param(("B1", "bob", "ann", [("LAMP", 1, "1")]), id="offer of another seller"),
            pytest.param(("B1", "bob", "cem", [("MUG", 1, "1")]), id="two buyers"),
            pytest.param(("A1", "bob", "ann", [("MUG", 1, "1")]), id="two sellers in one order"),
            pytest.param(("A0", "bob", "ann", [("MUG", 1, "1")]), id="known reference"),
        ],
    )
    def test_one_bad_order_refuses_the_whole_cart(
        self, spoiler: tuple[str, str, str, list[tuple[str, int, str]]]
    ) -> None:
        model = market()
        model.checkout(PLACED, [("A0", "acme", "ann", [("BULB", 1, "1")])])
        assert model.checkout(PLACED, [("A1", "acme", "ann", [("LAMP", 1, "1")]), spoiler]) is not None
        assert set(model.orders) == {"A0"}
        assert lamps(model) == (5, 0)

    def test_the_reference_of_a_refused_cart_may_be_used_again(self) -> None:
        model = market()
        assert model.checkout(PLACED, [("A1", "acme", "ann", [("LAMP", 6, "1")])]) is not None
        assert model.checkout(PLACED, [("A1", "acme", "cem", [("LAMP", 1, "1")])]) is None

    def test_buys_stock_that_comes_back_at_the_same_moment(self) -> None:
        model = market(lamps=1)
        model.checkout(PLACED, [("A1", "acme", "ann", [("LAMP", 1, "1")])])
        again = [("A2", "acme", "cem", [("LAMP", 1, "1")])]
        assert model.checkout(VERIFICATION_END - SECOND, again) is not None
        assert model.checkout(VERIFICATION_END, again) is None


class TestOffers:
    def test_stock_of_an_unlisted_offer_is_refused(self) -> None:
        assert market().set_stock(PLACED, "bob", "LAMP", 1) is not None

    def test_a_quantity_is_what_is_available_whatever_is_reserved(self) -> None:
        model, _ = placed_order(lamps=2)
        for quantity in (4, 0):
            model.set_stock(PLACED, "acme", "LAMP", quantity)
            assert lamps(model) == (quantity, 2)
        model.list_offer(PLACED, "acme", "LAMP", 9, "1", "Desk lamp")
        assert lamps(model) == (9, 2)


class TestHoldAndVerification:
    @pytest.mark.parametrize("seconds", [-1, 0, 1])
    @pytest.mark.parametrize("approved", [False, True])
    def test_the_buyer_cancels_only_inside_the_hold_approved_or_not(self, seconds: int, approved: bool) -> None:
        model, order = placed_order(approved=approved)
        at = HOLD_END + seconds * SECOND
        assert (model.buyer_cancel(at, "A1") is None) == (seconds < 0)
        if seconds < 0:
            assert (order.status, order.canceled_by, order.cancel_reason) == ("Canceled", "BUYER", "buyer_canceled")
            assert lamps(model) == (5, 0)
            assert told(model, at) == [("buyer", "order_canceled"), ("seller", "order_canceled")]
            model.pass_time(CONFIRM_BY)
            assert order.released_at is None

    @pytest.mark.parametrize(
        ("approved_at", "released_at"),
        [
            (PLACED, HOLD_END),
            (HOLD_END - SECOND, HOLD_END),
            (HOLD_END, HOLD_END),
            (HOLD_END + SECOND, HOLD_END + SECOND),
            (VERIFICATION_END - SECOND, VERIFICATION_END - SECOND),
        ],
    )
    def test_released_at_the_later_of_approval_and_hold(self, approved_at: datetime, released_at: datetime) -> None:
        model, order = placed_order()
        assert model.verify(approved_at, "A1", "approved") is None
        model.pass_time(VERIFICATION_END)
        assert (order.status, order.released_at) == ("Unshipped", released_at)
        assert told(model, released_at) == [("buyer", "order_confirmation"), ("seller", "sold_ship_now")]

    def test_not_released_before_the_hold_ends(self) -> None:
        model, order = placed_order(approved=True)
        model.pass_time(HOLD_END - SECOND)
        assert order.status == "Pending"
        assert model.confirm(HOLD_END - SECOND, "A1") is not None
        assert model.confirm(HOLD_END, "A1") is None

    @pytest.mark.parametrize(("verdict", "reason"), [("declined", "payment_declined"), ("fraud", "fraud")])
    @pytest.mark.parametrize("at", [PLACED, HOLD_END, VERIFICATION_END - SECOND])
    def test_a_refusal_cancels_at_once_and_only_the_buyer_is_told(
        self, at: datetime, verdict: str, reason: str
    ) -> None:
        model, order = placed_order()
        assert model.verify(at, "A1", verdict) is None
        assert (order.status, order.canceled_at, order.canceled_by) == ("Canceled", at, "MARKETPLACE")
        assert order.cancel_reason == reason
        assert lamps(model) == (5, 0)
        assert told(model, at) == [("buyer", "order_canceled")]

    @pytest.mark.parametrize("verdict", ["approved", "declined", "fraud", "deferred"])
    def test_no_verdict_after_approval_even_inside_the_hold(self, verdict: str) -> None:
        model, order = placed_order(approved=True)
        assert model.verify(PLACED + SECOND, "A1", verdict) is not None
        assert order.status == "Pending"

    @pytest.mark.parametrize("verdict", ["approved", "declined", "fraud", "deferred"])
    def test_deferred_stays_pending_and_any_verdict_may_follow(self, verdict: str) -> None:
        model, order = placed_order()
        assert model.verify(PLACED, "A1", "deferred") is None
        assert order.status == "Pending"
        assert model.verify(HOLD_END + SECOND, "A1", verdict) is None

    @pytest.mark.parametrize(("seconds", "status"), [(-1, "Pending"), (0, "Canceled"), (1, "Canceled")])
    def test_verification_ends_after_21_days(self, seconds: int, status: str) -> None:
        model, order = placed_order()
        at = VERIFICATION_END + seconds * SECOND
        model.pass_time(at)
        assert order.status == status
        assert (model.verify(at, "A1", "approved") is None) == (seconds < 0)
        if status == "Canceled":
            assert (order.canceled_at, order.cancel_reason) == (VERIFICATION_END, "verification_expired")
            assert lamps(model) == (5, 0)
            assert told(model, VERIFICATION_END) == [("buyer", "order_canceled")]

    def test_21_days_are_hours_also_over_a_change_of_clocks(self) -> None:
        model = market("America/Los_Angeles")  # the clocks go forward on 2026-03-08
        placed = PLACED.astimezone(ZoneInfo("America/Los_Angeles"))
        model.checkout(placed, [("A1", "acme", "ann", [("LAMP", 1, "1")])])
        model.pass_time(CONFIRM_BY)
        assert model.orders["A1"].canceled_at == VERIFICATION_END


class TestSellerActs:
    def test_only_open_orders(self) -> None:
        model, _ = placed_order()
        for at in (PLACED, HOLD_END):
            assert model.confirm(at, "A1") is not None
            assert model.seller_cancel(at, "A1", "pricing_error") is not None
            assert model.request_cancel(at, "A1") is not None
        assert model.confirm(HOLD_END, "never heard of") is not None

    def test_part_by_part(self) -> None:
        model, order = placed_order(lamps=3, bulbs=2, approved=True)
        at = HOLD_END
        assert model.confirm(at, "A1", "LAMP", 4) is not None
        assert model.confirm(at, "A1", "MUG") is not None
        assert model.seller_cancel(at, "A1", "pricing_error", "LAMP", 1) is None
        assert (order.status, lamps(model)) == ("Unshipped", (3, 2))
        assert ("buyer", "order_canceled") in told(model, at)
        assert model.confirm(at, "A1", "LAMP", 1) is None
        assert (order.status, lamps(model)) == ("PartiallyShipped", (3, 1))
        assert model.confirm(at, "A1", "LAMP", 2) is not None
        assert model.confirm(at, "A1", "LAMP") is None
        assert model.confirm(at, "A1", "LAMP") is not None
        assert order.status == "PartiallyShipped"
        assert model.confirm(at + SECOND, "A1") is None
        assert (order.status, order.shipped_at) == ("Shipped", at + SECOND)
        assert (order.ordered, order.shipped, order.canceled) == (5, 4, 1)
        assert model.confirm(at + SECOND, "A1") is not None
        assert model.seller_cancel(at + SECOND, "A1", "pricing_error") is not None
        assert Counter(notice.kind for notice in model.notices)["shipment_confirmation"] == 3

    def test_shipped_when_what_was_not_canceled_is_shipped(self) -> None:
        model, order = placed_order(lamps=2, approved=True)
        model.confirm(HOLD_END, "A1", "LAMP", 1)
        assert model.seller_cancel(HOLD_END, "A1", "no_inventory") is None
        assert (order.status, order.canceled_by, order.cancel_reason) == ("Shipped", "SELLER", "no_inventory")

    @pytest.mark.parametrize(
        ("reason", "available"),
        [
            ("no_inventory", 3),
            ("buyer_canceled", 5),
            ("pricing_error", 5),
            ("shipping_address_undeliverable", 5),
            ("customer_exchange", 5),
            ("general_adjustment", 5),
        ],
    )
    def test_stock_comes_back_but_for_no_inventory(self, reason: str, available: int) -> None:
        model, order = placed_order(lamps=2, approved=True)
        assert model.seller_cancel(HOLD_END + SECOND, "A1", reason) is None
        assert (order.status, lamps(model)) == ("Canceled", (available, 0))
        assert told(model, HOLD_END + SECOND) == [("buyer", "order_canceled")]

    def test_another_reason_is_refused(self) -> None:
        model, order = placed_order(approved=True)
        assert model.seller_cancel(HOLD_END, "A1", "changed_mind") is not None
        assert order.status == "Unshipped"

    def test_a_cancellation_is_requested_once(self) -> None:
        model, _ = placed_order(approved=True)
        assert model.request_cancel(HOLD_END - SECOND, "A1") is not None
        model.pass_time(HOLD_END)
        model.confirm(HOLD_END, "A1", "LAMP", 1)
        assert model.request_cancel(HOLD_END + SECOND, "A1") is None
        assert model.request_cancel(HOLD_END + SECOND, "A1") is not None
        assert told(model, HOLD_END + SECOND) == [("seller", "cancellation_requested")]

    def test_delivered_once_as_soon_as_something_was_shipped(self) -> None:
        model, order = placed_order(lamps=2, approved=True)
        assert model.deliver(HOLD_END, "A1") is not None
        model.confirm(HOLD_END, "A1", "LAMP", 1)
        assert model.deliver(HOLD_END, "A1") is None
        model.confirm(HOLD_END, "A1")
        assert model.deliver(HOLD_END + SECOND, "A1") is not None
        assert order.delivered_at == HOLD_END


class TestConfirmBy:
    @pytest.mark.parametrize("seconds", [-1, 0, 1])
    def test_the_seller_is_warned_once_seven_days_before(self, seconds: int) -> None:
        model, order = placed_order(approved=True)
        model.pass_time(WARNING + seconds * SECOND)
        assert order.warned_at == (None if seconds < 0 else WARNING)
        model.pass_time(CONFIRM_BY)
        assert model.notices.count(Notice(WARNING, "seller", "confirm_shipment_reminder", "A1")) == 1

    def test_a_shipped_order_is_not_warned_and_a_partly_shipped_one_is(self) -> None:
        for sku_and_quantity, warned_at in (((), None), (("LAMP", 1), WARNING)):
            model, order = placed_order(lamps=2, approved=True)
            model.confirm(WARNING - SECOND, "A1", *sku_and_quantity)
            model.pass_time(WARNING)
            assert order.warned_at == warned_at

    @pytest.mark.parametrize("seconds", [-1, 0, 1])
    def test_in_time_while_now_is_before_the_deadline(self, seconds: int) -> None:
        model, order = placed_order(lamps=2, approved=True)
        assert (model.confirm(CONFIRM_BY + seconds * SECOND, "A1") is None) == (seconds < 0)
        if seconds >= 0:
            assert (order.status, order.canceled_at, order.canceled_by) == ("Canceled", CONFIRM_BY, "MARKETPLACE")
            assert order.cancel_reason == "not_confirmed_in_time"
            assert lamps(model) == (3, 0)  # the goods may have left
            assert told(model, CONFIRM_BY) == [("buyer", "order_canceled"), ("seller", "order_canceled")]

    def test_only_what_remains_is_canceled(self) -> None:
        model, order = placed_order(lamps=2, approved=True)
        model.confirm(CONFIRM_BY - SECOND, "A1", "LAMP", 1)
        model.pass_time(CONFIRM_BY)
        assert (order.status, order.shipped, order.canceled) == ("Shipped", 1, 1)

    def test_counted_from_the_date_of_the_order_not_of_the_release(self) -> None:
        model, order = placed_order()
        model.verify(VERIFICATION_END - SECOND, "A1", "approved")
        model.pass_time(CONFIRM_BY)
        assert (order.warned_at, order.canceled_at) == (WARNING, CONFIRM_BY)

    @pytest.mark.parametrize(
        ("placed", "zone", "confirm_by"),
        [
            ("2026-03-02T15:59:59Z", "Asia/Shanghai", "2026-04-01T16:00:00Z"),  # 23:59:59 there
            ("2026-03-02T16:00:00Z", "Asia/Shanghai", "2026-04-02T16:00:00Z"),  # 00:00 there
            ("2017-09-14T12:00:00-03:00", "America/Sao_Paulo", "2017-10-15T03:00:00Z"),  # no 00:00: 01:00 there
            ("2017-09-13T12:00:00-03:00", "America/Sao_Paulo", "2017-10-14T03:00:00Z"),
            ("2018-01-18T12:00:00-02:00", "America/Sao_Paulo", "2018-02-18T03:00:00Z"),  # after 23:00 came twice
            ("2026-02-05T12:00:00-08:00", "America/Los_Angeles", "2026-03-08T08:00:00Z"),
            ("2026-02-06T12:00:00-08:00", "America/Los_Angeles", "2026-03-09T07:00:00Z"),
            ("2026-08-27T12:00:00+12:00", "Pacific/Auckland", "2026-09-26T12:00:00Z"),
            ("2026-08-28T12:00:00+12:00", "Pacific/Auckland", "2026-09-27T11:00:00Z"),
        ],
    )
    def test_dates_are_of_the_zone(self, placed: str, zone: str, confirm_by: str) -> None:
        due = confirm_by_of(datetime.fromisoformat(placed), ZoneInfo(zone))
        assert due == datetime.fromisoformat(confirm_by)

    def test_the_warning_too_is_at_the_first_instant_of_its_day(self) -> None:
        placed = datetime.fromisoformat("2017-09-21T12:00:00-03:00")
        assert warning_of(placed, ZoneInfo("America/Sao_Paulo")) == datetime(2017, 10, 15, 3, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("day", "zone", "instant"),
        [
            (date(1919, 3, 31), "America/Toronto", "1919-03-31T04:30:00Z"),  # 23:30 became 00:30
            (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00:00Z"),  # after a day that never was
            (date(2025, 11, 2), "America/Havana", "2025-11-02T04:00:00Z"),  # 00:00 comes twice
        ],
    )
    def test_the_first_instant_of_odd_days(self, day: date, zone: str, instant: str) -> None:
        assert first_instant(day, ZoneInfo(zone)) == datetime.fromisoformat(instant)


class TestPlay:
    def test_rows_of_one_moment_in_any_offset_are_one_cart(self) -> None:
        def line(at: str, order: str, sku: str, quantity: str) -> Row:
            cells = (at, "checkout", order, "acme", "ann", sku, quantity, "1", "cart1")
            return dict(zip(COLUMNS, cells, strict=True))

        rows = [
            dict(zip(COLUMNS, ("2026-03-01T00:00:00Z", "list", "", "acme", "", "LAMP", "3", "1", "Lamp"), strict=True)),
            line("2026-03-02T10:00:00Z", "A1", "LAMP", "2"),
            line("2026-03-02T11:00:00+01:00", "A2", "LAMP", "2"),
            line("2026-03-02T11:00:01+01:00", "A2", "LAMP", "2"),
        ]
        outcome = play(rows)
        assert outcome.refused == [(3, "checkout", "A1"), (4, "checkout", "A2")]
        assert set(outcome.model.orders) == {"A2"}

    def test_time_stops_at_the_last_row_or_at_until(self) -> None:
        rows = random_history(Random(1), 60)
        last = moment(rows[-1])
        assert play(rows).model.now == last
        outcome = play(rows, until=last + timedelta(days=60))
        assert all(order.status in ("Shipped", "Canceled") for order in outcome.model.orders.values())


class TestHistories:
    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize("size", [10, 3000])
    def test_size_order_and_repeatability(self, size: int, zone: str, tmp_path: Path) -> None:
        rows = random_history(Random(size), size, zone)
        assert size * 0.9 <= len(rows) <= size + 60
        assert rows == sorted(rows, key=moment)
        assert rows == random_history(Random(size), size, zone)
        write_history(rows, tmp_path / "history.csv")
        assert read_history(tmp_path / "history.csv") == rows

    def test_every_act_is_both_taken_and_refused_somewhere(self) -> None:
        played: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for zone in ZONES:
            rows = random_history(Random(zone), 1500, zone)
            played.update(row["event"] for row in rows)
            refused.update(event for _, event, _ in play(rows, zone).refused)
        acts = {"checkout", "stock", "verify", "buyer_cancel", "request_cancel", "confirm", "seller_cancel", "deliver"}
        assert all(0 < refused[event] < played[event] for event in acts)

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories())
    def test_no_unit_is_lost_and_none_invented(self, history: History) -> None:
        model = play(history.rows, history.zone).model
        reserved: Counter[tuple[str, str]] = Counter()
        for order in model.orders.values():
            for sku, line in order.lines.items():
                assert min(line.shipped, line.canceled, line.remaining) >= 0
                reserved[order.seller, sku] += line.remaining
        for offer, stock in model.stock.items():
            assert stock.available >= 0
            assert stock.reserved == reserved[offer]

    @needs_data
    def test_readable_columns(self) -> None:
        with (DATA / "example" / "history.csv").open(encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == COLUMNS
