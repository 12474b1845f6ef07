"""searchOrders of 2026-01-01: which orders a search finds."""

from datetime import timedelta

from tests.scene import LAMP, MARKET, START, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.orders_2026 import EVER, ORDERS, ids, numbers, refused, search, z
from tradepost.lifecycle import State

# Windows


async def test_orders_by_when_they_were_placed(scene: Scene, selling: Selling) -> None:
    first = await scene.place()
    later = await scene.advance(timedelta(hours=1))
    second = await scene.place()
    assert await numbers(selling) == ids(first, second)
    assert await numbers(selling, createdAfter=z(later)) == ids(second)
    assert await numbers(selling, createdAfter=z(START), createdBefore=z(START)) == ids(first)  # both ends included
    assert await numbers(selling, createdAfter=z(later + timedelta(seconds=1))) == set()


async def test_orders_by_when_something_happened_to_them(scene: Scene, selling: Selling) -> None:
    quiet, changed = await scene.to_states([State.UNSHIPPED, State.UNSHIPPED])
    later = await scene.advance(timedelta(hours=1))
    await scene.confirm(changed, [(LAMP, 1)])
    assert await numbers(selling, lastUpdatedAfter=EVER) == ids(quiet, changed)
    assert await numbers(selling, lastUpdatedAfter=z(later)) == ids(changed)
    assert await numbers(selling, lastUpdatedAfter=EVER, lastUpdatedBefore=z(later - timedelta(minutes=1))) == ids(
        quiet
    )


async def test_an_answer_says_where_its_window_ends(scene: Scene, selling: Selling) -> None:
    now = await scene.advance(timedelta(hours=1))
    assert await search(selling) == {"orders": [], "createdBefore": z(now)}
    assert await search(selling, lastUpdatedAfter=EVER) == {"orders": [], "lastUpdatedBefore": z(now)}
    assert (await search(selling, createdBefore=z(START)))["createdBefore"] == z(START)
    nothing = await search(selling, fulfilledBy="AMAZON", createdBefore=z(START))
    assert nothing == {"orders": [], "createdBefore": z(START)}


WRONG_WINDOWS: list[tuple[dict[str, str], str]] = [
    ({}, "exactly one of createdAfter and lastUpdatedAfter"),
    ({"createdBefore": EVER}, "exactly one"),
    ({"createdAfter": EVER, "lastUpdatedAfter": EVER}, "exactly one"),
    (
        {"createdAfter": EVER, "lastUpdatedBefore": EVER},
        "lastUpdatedBefore is not valid: it does not go with createdAfter",
    ),
    (
        {"lastUpdatedAfter": EVER, "createdBefore": EVER},
        "createdBefore is not valid: it does not go with lastUpdatedAfter",
    ),
    (
        {"createdAfter": EVER, "createdBefore": "2026-02-01"},
        "createdBefore is not valid: it must not lie before createdAfter",
    ),
    ({"createdAfter": "TEST_CASE_400"}, "createdAfter is not valid: it must be a moment in ISO 8601"),
    ({"createdAfter": "9999-12-31T23:59:59-14:00"}, "no calendar has this day"),
    ({"createdAfter": EVER, "createdBefore": "soon"}, "createdBefore"),
]


async def test_windows_that_are_none(selling: Selling) -> None:
    for query, said in WRONG_WINDOWS:
        assert said in await refused(selling, **query)


async def test_in_a_sandbox_a_later_end_than_now_means_now(scene: Scene, selling: Selling) -> None:
    await scene.place()
    found = await search(selling, createdAfter=EVER, createdBefore=z(START + timedelta(days=1)))
    assert (len(found["orders"]), found["createdBefore"]) == (1, z(START))


async def test_a_window_that_begins_in_the_future_is_empty(scene: Scene, selling: Selling) -> None:
    await scene.place()
    for ahead in (z(START + timedelta(days=1)), "9999-12-31T23:59:59Z"):
        assert await search(selling, createdAfter=ahead) == {"orders": [], "createdBefore": z(START)}
    assert len((await search(selling, createdAfter="0001-01-01"))["orders"]) == 1


async def test_a_moment_may_be_written_in_any_way_of_iso_8601(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    for after in ("2026-03-02", "2026-03-02T11:00:00+01:00", "2026-03-02 10:00:00Z", "20260302T100000Z"):
        assert await numbers(selling, createdAfter=after) == ids(key)


# Filters


async def test_orders_by_status(scene: Scene, selling: Selling) -> None:
    keys = dict(zip(State, await scene.to_states(list(State)), strict=True))
    pending = ids(keys[State.HELD], keys[State.APPROVED], keys[State.VERIFYING])
    in_hold = ids(*(key for key in keys.values() if key.order_id in pending))
    assert await numbers(selling, fulfillmentStatuses="PENDING") == in_hold
    assert await numbers(selling, fulfillmentStatuses="CANCELLED") == ids(keys[State.CANCELED])
    to_ship = ids(keys[State.UNSHIPPED], keys[State.PARTIALLY_SHIPPED])
    assert await numbers(selling, fulfillmentStatuses=["UNSHIPPED", "PARTIALLY_SHIPPED"]) == to_ship
    assert await numbers(selling, fulfillmentStatuses=["SHIPPED", "UNFULFILLABLE"]) == ids(keys[State.SHIPPED])
    assert await numbers(selling, fulfillmentStatuses=["UNFULFILLABLE", "PENDING_AVAILABILITY"]) == set()
    assert await numbers(selling) == ids(*keys.values())


async def test_orders_by_who_fulfills_them(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    assert await numbers(selling, fulfilledBy="MERCHANT") == ids(key)
    assert await numbers(selling, fulfilledBy="MERCHANT,AMAZON") == ids(key)
    assert await numbers(selling, fulfilledBy="AMAZON") == set()


async def test_the_marketplaces_that_are_named_have_to_include_the_sellers(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    assert await numbers(selling, marketplaceIds=MARKET) == ids(key)
    assert await numbers(selling, marketplaceIds=["ATVPDKIKX0DER", MARKET]) == ids(key)
    answer = await selling.get(ORDERS, createdAfter=EVER, marketplaceIds="ATVPDKIKX0DER")
    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert error["code"] == "Unauthorized"
    assert f"for the marketplace {MARKET}, and not for ATVPDKIKX0DER" in error["message"]


WRONG_VALUES = [
    ("fulfillmentStatuses", "Pending"),
    ("fulfillmentStatuses", "CANCELED"),
    ("fulfillmentStatuses", "PENDING\0"),
    ("fulfilledBy", "MFN"),
    ("includedData", "EVERYTHING"),
    ("maxResultsPerPage", "0"),
    ("maxResultsPerPage", "101"),
    ("maxResultsPerPage", "-1"),
    ("maxResultsPerPage", "ten"),
    ("maxResultsPerPage", "9" * 30),
    ("marketplaceIds", ",".join(f"M{n}" for n in range(51))),
    ("marketplaceIds", "A\0B"),
]


async def test_values_that_are_none(selling: Selling) -> None:
    for name, value in WRONG_VALUES:
        assert name in await refused(selling, createdAfter=EVER, **{name: value})


async def test_parameters_that_nobody_knows_are_passed_over(scene: Scene, selling: Selling) -> None:
    key = await scene.place()
    more = {
        "MarketplaceId": "X",
        "marketplace_ids": "X",
        "path": ORDERS,
        "fulfillmentStatuses": "",
        "createdBefore": "",
    }
    assert await numbers(selling, **more) == ids(key)
