"""Every "no" by name: a situation in which it is said, that its sentences are complete, and that it changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from situations_at_the_door import AT_THE_DOOR, Attempt, Situation
from situations_of_notifications import OF_NOTIFICATIONS

from tests.scene import BEA, LAMP, LAST, MARKET, PRO, SOLO, START, VASE, Scene
from tradepost import timekeeping
from tradepost.address import Address
from tradepost.documents import documents
from tradepost.feeds import feeds
from tradepost.ground.clock import system_clock
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, Party, State
from tradepost.listings.items.submissions import Submission, Submitted, Whole, submit
from tradepost.listings.records import OfferKey
from tradepost.numbers import OrderKey
from tradepost.orders.journal import CLOCK, Actor, Journal
from tradepost.people import address_book
from tradepost.people.accounts import NewMarketplace, change_policy, open_marketplace, open_sellers
from tradepost.people.records import SellerAccount, put_sellers
from tradepost.process.cancellation.cancellations import BuyerCancellation, cancel_by_buyers
from tradepost.process.checkout.carts import MOST_CART_LINES, put_line
from tradepost.process.shipment.confirmation_file import apply_file
from tradepost.process.shipment.confirmations import Confirmation, Parcel, confirm_shipments
from tradepost.refusals import Reason, Refusal, Refused
from tradepost.report_requests import requests, schedules
from tradepost.webhooks.endpoints.endpoints import MOST_ENDPOINTS, Wanted, close_endpoint, open_endpoint
from tradepost.webhooks.endpoints.records import EndpointKey

NOWHERE = OrderKey(PRO, "999-9999999-9999999")
SITUATIONS: dict[Reason, Situation] = {**AT_THE_DOOR, **OF_NOTIFICATIONS}


def no(reason: Reason) -> Callable[[Situation], Situation]:
    """Says which refusal the attempt, made in this situation, is met with."""

    def remember(situation: Situation) -> Situation:
        assert reason not in SITUATIONS
        SITUATIONS[reason] = situation
        return situation

    return remember


@pytest.mark.parametrize("reason", Reason)
async def test_a_refusal_is_said_by_name_in_both_languages_and_changes_nothing(scene: Scene, reason: Reason) -> None:
    attempt = await SITUATIONS[reason](scene)
    before = await scene.dump()
    try:
        answer = await attempt()
    except Refused as refused:
        answer = refused.refusal
    assert isinstance(answer, Refusal), answer
    assert answer.reason is reason
    for language in ("en", "zh-CN"):
        assert "…" not in answer.sentence(language), "a fact that the sentence needs is missing"
    assert answer.sentence("en") != answer.sentence("zh")
    assert await scene.dump() == before


# --- whose, and whether there is such a thing


@no(Reason.ORDER_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.cancel_by_seller(NOWHERE)


@no(Reason.OFFER_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.check_out(BEA, {"NO SUCH": 1})


@no(Reason.LINE_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, [("NO SUCH", 1)])


@no(Reason.PACKAGE_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.SHIPPED)
    return lambda: scene.do(
        confirm_shipments, lambda at: Confirmation(key, at, Parcel("DHL"), reference=2, must_edit=True)
    )


@no(Reason.NOT_YOUR_ACT)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.HELD)
    seller = Actor(Party.SELLER, PRO)
    return lambda: scene.do(cancel_by_buyers, lambda at: BuyerCancellation(key, BEA, at, seller))


@no(Reason.SELLER_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.list_offer("nobody", "SKU")


@no(Reason.NAME_TAKEN)
async def _(scene: Scene) -> Attempt:
    async def open_again() -> Refusal | None:
        again = SellerAccount(PRO, MARKET, "Another", None, "en", "individual")
        return (await scene.database.run(lambda tx: open_sellers(tx, [again], tx.now)))[0]

    return open_again


@no(Reason.MARKETPLACE_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: change_policy(tx, "NOWHERE", unverified_units=3))


# --- listings


async def _issue_of(scene: Scene, attributes: dict[str, object]) -> Refusal:
    """The refusal of an attribute, where a listing of a lamp with these attributes is only tried."""
    said = {
        "item_name": [{"value": "Lamp"}],
        "purchasable_offer": [{"our_price": [{"schedule": [{"value_with_tax": 1}]}]}],
    }
    wish = Whole("LAMP", {**said, **attributes})
    (done,) = await scene.database.run(
        lambda tx: submit(tx, [Submission(OfferKey(PRO, LAMP), tx.now, wish, preview=True)])
    )
    assert isinstance(done, Submitted)
    return done.issues[0].refusal


@no(Reason.ATTRIBUTE_MISSING)
async def _(scene: Scene) -> Attempt:
    return lambda: _issue_of(scene, {"item_name": []})


@no(Reason.CHANNEL_NOT_SERVED)
async def _(scene: Scene) -> Attempt:
    return lambda: _issue_of(scene, {"fulfillment_availability": [{"fulfillment_channel_code": "AMAZON_NA"}]})


# --- checkout


@no(Reason.CART_IS_EMPTY)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.check_out(BEA, {})


@no(Reason.OFFER_IS_CLOSED)
async def _(scene: Scene) -> Attempt:
    await scene.close_offer(PRO, LAMP)
    return lambda: scene.check_out(BEA, {VASE: 1, LAMP: 1})


@no(Reason.OUT_OF_STOCK)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.check_out(BEA, {VASE: 1, LAST: 2})


@no(Reason.TOO_MUCH_UNVERIFIED)
async def _(scene: Scene) -> Attempt:
    await scene.database.run(lambda tx: change_policy(tx, MARKET, unverified_units=3))
    await scene.place(BEA, {LAMP: 2})
    return lambda: scene.check_out(BEA, {LAMP: 2})


@no(Reason.CART_IS_MIXED_UP)
async def _(scene: Scene) -> Attempt:
    async def open_another(tx: Transaction) -> None:
        await open_marketplace(tx, NewMarketplace("OTHER", "Other"))
        await put_sellers(tx, [SellerAccount("else", "OTHER", "Else", None, "en", "individual")], tx.now)

    await scene.database.run(open_another)
    await scene.list_offer("else", "ELSE")
    return lambda: scene.check_out(BEA, {LAMP: 1, "ELSE": 1})


@no(Reason.CART_IS_FULL)
async def _(scene: Scene) -> Attempt:
    for number in range(MOST_CART_LINES):
        await scene.list_offer(PRO, f"SKU{number}")
        await _put_into_cart(scene, f"SKU{number}")
    return lambda: _put_into_cart(scene, LAMP)


async def _put_into_cart(scene: Scene, sku: str) -> None:
    await scene.database.run(lambda tx: put_line(tx, BEA, PRO, sku, 1))


# --- addresses

HOME = Address("Bea", "1 Main Street", city="Springfield", state="IL", postal_code="62701", country="US")


async def _save(scene: Scene, **changes: str) -> None:
    await scene.database.run(lambda tx: address_book.save(tx, BEA, replace(HOME, **changes)))


@no(Reason.ADDRESS_INCOMPLETE)
async def _(scene: Scene) -> Attempt:
    return lambda: _save(scene, postal_code="")


@no(Reason.ADDRESS_NOT_VALID)
async def _(scene: Scene) -> Attempt:
    return lambda: _save(scene, postal_code="90210")


@no(Reason.ADDRESS_NOT_IN_BOOK)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: address_book.address_of(tx, BEA, "nowhere"))


@no(Reason.ADDRESS_BOOK_IS_FULL)
async def _(scene: Scene) -> Attempt:
    for number in range(address_book.MOST_ADDRESSES):
        await _save(scene, line1=f"{number} Main Street")
    return lambda: _save(scene, line1="7 Elm Street")


# --- what the state of an order does not allow


@no(Reason.ORDER_IS_PENDING)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.APPROVED)
    return lambda: scene.confirm(key)


@no(Reason.ORDER_IS_RELEASED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: _by_the_clock(scene, key, Act.RELEASE)


@no(Reason.ORDER_IS_SHIPPED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.SHIPPED)
    return lambda: scene.cancel_by_seller(key)


@no(Reason.ORDER_IS_CANCELED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.CANCELED)
    return lambda: scene.approve(key)


@no(Reason.HOLD_IS_OVER)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.VERIFYING)
    return lambda: scene.cancel_by_buyer(key)


@no(Reason.ALREADY_APPROVED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.APPROVED)
    return lambda: scene.decline(key)


@no(Reason.VERIFICATION_IS_OVER)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.change_payment(key, "approve")


@no(Reason.NOTHING_SHIPPED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.deliver(key)


@no(Reason.CANCELLATION_ALREADY_REQUESTED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.request_cancellation(key)
    return lambda: scene.request_cancellation(key)


@no(Reason.ALREADY_REMINDED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.advance(timedelta(days=25))
    return lambda: _by_the_clock(scene, key, Act.REMIND)


@no(Reason.ALREADY_DELIVERED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.SHIPPED)
    await scene.deliver(key)
    return lambda: scene.deliver(key)


async def _by_the_clock(scene: Scene, key: OrderKey, act: Act) -> None:
    async def work(tx: Transaction) -> None:
        journal = await Journal.open(tx, [key])
        journal.record(journal.order(key, tx.now), act, CLOCK, tx.now)

    await scene.database.run(work)


# --- values


@no(Reason.QUANTITY_NOT_POSITIVE)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, [(LAMP, 0)])


@no(Reason.QUANTITY_TOO_LARGE)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.cancel_by_seller(key, items=[(LAMP, 3)])


@no(Reason.NOTHING_LEFT)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    await scene.confirm(key, [(LAMP, 2)])
    return lambda: scene.cancel_by_seller(key, items=[(LAMP, 1)])


@no(Reason.UNKNOWN_CANCEL_REASON)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.cancel_by_seller(key, "bad_mood")


@no(Reason.CARRIER_NEEDED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, parcel=Parcel(None))


@no(Reason.CARRIER_NAME_NEEDED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, parcel=Parcel("Other"))


@no(Reason.PACKAGE_QUANTITIES_FIXED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    return lambda: scene.confirm(key, [(LAMP, 2)], reference=1)


@no(Reason.SEVERAL_PACKAGES)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.PARTIALLY_SHIPPED)
    await scene.confirm(key, [(LAMP, 1)], parcel=Parcel("DHL", "1234567890"))
    return lambda: scene.confirm(key, [(LAMP, 1)], parcel=Parcel("USPS"), may_edit=True)


@no(Reason.ITEM_NEEDED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.do(confirm_shipments, lambda at: Confirmation(key, at, Parcel("UPS"), quantity=2))


@no(Reason.SHIP_DATE_IN_FUTURE)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, parcel=Parcel("UPS", shipped_on=START + timedelta(days=2)))


@no(Reason.SHIP_DATE_BEFORE_ORDER)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, parcel=Parcel("UPS", shipped_on=START - timedelta(days=2)))


@no(Reason.INVALID_VALUE)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    return lambda: scene.confirm(key, reference=-1)


# --- accounts and files


@no(Reason.PROFESSIONAL_PLAN_NEEDED)
async def _(scene: Scene) -> Attempt:
    return lambda: apply_file(scene.database, SOLO, _file(NOWHERE))


@no(Reason.FILE_ALREADY_APPLIED)
async def _(scene: Scene) -> Attempt:
    key = await scene.to_state(State.UNSHIPPED)
    await apply_file(scene.database, PRO, _file(key))
    assert await scene.state(key) is State.SHIPPED
    return lambda: apply_file(scene.database, PRO, _file(key))


def _file(key: OrderKey) -> bytes:
    """A Shipping Confirmation file of one row."""
    return (
        "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method\n"
        f"{key.order_id}\t\t\t2026-03-02\tUPS\t\t1Z999AA10123456784\t\n"
    ).encode()


# --- documents and feeds


async def _uploaded(scene: Scene) -> str:
    """A feed that waits."""
    async with scene.database.transaction() as tx:
        document = await documents.make(tx, PRO, "text/plain")
        new = feeds.NewFeed(PRO, "POST_FLAT_FILE_FULFILLMENT_DATA", [MARKET], document.document_id, {})
        return await feeds.create(tx, new)


@no(Reason.DOCUMENT_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: documents.find(tx, PRO, "nothing"))


async def _leave(scene: Scene) -> documents.Leave:
    async with scene.database.transaction() as tx:
        return await documents.leave(tx, "PUT", await documents.make(tx, PRO, "text/plain"))


@no(Reason.ADDRESS_NOT_SIGNED)
async def _(scene: Scene) -> Attempt:
    leave = await _leave(scene)
    return lambda: scene.database.run(lambda tx: documents.check(tx, leave._replace(method="GET")))


@no(Reason.ADDRESS_HAS_ENDED)
async def _(scene: Scene) -> Attempt:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(documents, "OPEN_FOR", timedelta(seconds=-2))
        leave = await _leave(scene)
    return lambda: scene.database.run(lambda tx: documents.check(tx, leave))


@no(Reason.FEED_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: feeds.find(tx, PRO, "0"))


@no(Reason.FEED_HAS_BEGUN)
async def _(scene: Scene) -> Attempt:
    feed_id = await _uploaded(scene)
    await scene.database.run(lambda tx: feeds.cancel(tx, PRO, feed_id))
    return lambda: scene.database.run(lambda tx: feeds.cancel(tx, PRO, feed_id))


# --- reports


@no(Reason.REPORT_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: requests.find(tx, PRO, "0"))


@no(Reason.REPORT_HAS_BEGUN)
async def _(scene: Scene) -> Attempt:
    async with scene.database.transaction() as tx:
        new = requests.NewReport(PRO, "GET_FLAT_FILE_OPEN_LISTINGS_DATA", [MARKET], {})
        report_id = await requests.create(tx, new)
        await requests.cancel(tx, PRO, report_id)
    return lambda: scene.database.run(lambda tx: requests.cancel(tx, PRO, report_id))


@no(Reason.REPORT_SCHEDULE_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: schedules.cancel(tx, PRO, "0"))


# --- webhooks


@no(Reason.ENDPOINT_NOT_FOUND)
async def _(scene: Scene) -> Attempt:
    return lambda: scene.database.run(lambda tx: close_endpoint(tx, EndpointKey(PRO, "nowhere")))


@no(Reason.TOO_MANY_ENDPOINTS)
async def _(scene: Scene) -> Attempt:
    async def open_one() -> None:
        wanted = Wanted("https://example.com/hooks")
        await scene.database.run(lambda tx: open_endpoint(tx, PRO, wanted, private=False))

    for _ in range(MOST_ENDPOINTS):
        await open_one()
    return open_one


# --- the clock


@no(Reason.CLOCK_IS_REAL)
async def _(scene: Scene) -> Attempt:
    async with scene.database.transaction(alone=True) as tx:
        await tx.move_clock(system_clock())
    return lambda: timekeeping.move_clock(scene.database, START + timedelta(days=36500), [])


@no(Reason.CLOCK_IS_IN_USE)
async def _(scene: Scene) -> Attempt:
    await scene.place()
    return lambda: timekeeping.simulate(scene.database, START, ticking=True)


@no(Reason.TIME_ONLY_MOVES_FORWARD)
async def _(scene: Scene) -> Attempt:
    await scene.place()
    return lambda: scene.advance(timedelta(seconds=-1))
