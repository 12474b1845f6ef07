"""The table walked whole, on real orders: every state x act x party.

What the process wants stands below by hand, apart from the program's own table. One walk brings a fresh order, of an
offer of its own, into the state of each cell and tries the act there; a test for every cell then looks at what was
found before and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.conftest import TestServer
from tests.scene import Scene, dump, open_market
from tradepost.ground.database import Transaction, connect
from tradepost.lifecycle import ACTS, CANCELED_BY, CELLS, ROW_OF, Act, Party, State
from tradepost.listings import offers
from tradepost.listings.records import Listing
from tradepost.numbers import OrderKey
from tradepost.orders.journal import Actor, Journal
from tradepost.orders.order import Order
from tradepost.refusals import Reason, Refusal, Refused

# What an act leads to in each state: the state after it, "=" where the state stays, or the name of the "no".
# "units" stands for what the units say: see _by_units.
WANTED = """
                      held                  approved              verifying             unshipped             partially_shipped     shipped               canceled
place                 order_is_pending      order_is_pending      order_is_pending      order_is_released     order_is_released     order_is_shipped      order_is_canceled
cancel_by_buyer       canceled              canceled              hold_is_over          hold_is_over          hold_is_over          order_is_shipped      order_is_canceled
approve               approved              already_approved      approved              verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
defer                 =                     already_approved      =                     verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
fail_payment          =                     already_approved      =                     verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
change_payment        =                     already_approved      =                     verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
decline               canceled              already_approved      canceled              verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
report_fraud          canceled              already_approved      canceled              verification_is_over  verification_is_over  order_is_shipped      order_is_canceled
end_hold              verifying             order_is_pending      order_is_pending      order_is_released     order_is_released     order_is_shipped      order_is_canceled
give_up_verifying     order_is_pending      order_is_pending      canceled              order_is_released     order_is_released     order_is_shipped      order_is_canceled
release               order_is_pending      unshipped             order_is_pending      order_is_released     order_is_released     order_is_shipped      order_is_canceled
confirm_shipment      order_is_pending      order_is_pending      order_is_pending      units                 units                 order_is_shipped      order_is_canceled
edit_package          nothing_shipped       nothing_shipped       nothing_shipped       nothing_shipped       =                     =                     order_is_canceled
cancel_by_seller      order_is_pending      order_is_pending      order_is_pending      units                 units                 order_is_shipped      order_is_canceled
request_cancellation  order_is_pending      order_is_pending      order_is_pending      =                     =                     order_is_shipped      order_is_canceled
remind                order_is_pending      order_is_pending      order_is_pending      =                     =                     order_is_shipped      order_is_canceled
cancel_unconfirmed    order_is_pending      order_is_pending      order_is_pending      canceled              shipped               order_is_shipped      order_is_canceled
deliver               nothing_shipped       nothing_shipped       nothing_shipped       nothing_shipped       =                     =                     order_is_canceled
"""  # noqa: E501

BY = {
    Act.PLACE: "buyer",
    Act.CANCEL_BY_BUYER: "buyer customer_service",
    Act.APPROVE: "verification",
    Act.DEFER: "verification",
    Act.FAIL_PAYMENT: "verification",
    Act.CHANGE_PAYMENT: "buyer customer_service",
    Act.DECLINE: "verification",
    Act.REPORT_FRAUD: "verification",
    Act.END_HOLD: "clock",
    Act.GIVE_UP_VERIFYING: "clock",
    Act.RELEASE: "clock",
    Act.CONFIRM_SHIPMENT: "seller",
    Act.EDIT_PACKAGE: "seller",
    Act.CANCEL_BY_SELLER: "seller",
    Act.REQUEST_CANCELLATION: "buyer customer_service",
    Act.REMIND: "clock",
    Act.CANCEL_UNCONFIRMED: "clock",
    Act.DELIVER: "carrier",
}
TOLD = {
    Act.CANCEL_BY_BUYER: {("buyer", "order_canceled"), ("seller", "order_canceled")},
    Act.FAIL_PAYMENT: {("buyer", "payment_failed")},
    Act.DECLINE: {("buyer", "order_canceled")},  # A23: not the seller
    Act.REPORT_FRAUD: {("buyer", "order_canceled")},
    Act.GIVE_UP_VERIFYING: {("buyer", "order_canceled")},
    Act.RELEASE: {("buyer", "order_confirmation"), ("seller", "sold_ship_now")},
    Act.CONFIRM_SHIPMENT: {("buyer", "shipment_confirmation")},
    Act.CANCEL_BY_SELLER: {("buyer", "order_canceled")},
    Act.REQUEST_CANCELLATION: {("seller", "cancellation_requested")},
    Act.REMIND: {("seller", "confirm_shipment_reminder")},
    Act.CANCEL_UNCONFIRMED: {("buyer", "order_canceled"), ("seller", "order_canceled")},
}
STAMPS = {
    Act.APPROVE: "approved_at",
    Act.RELEASE: "released_at",
    Act.CONFIRM_SHIPMENT: "shipped_at",
    Act.REQUEST_CANCELLATION: "cancellation_requested_at",
    Act.REMIND: "warned_at",
    Act.DELIVER: "delivered_at",
} | dict.fromkeys(
    (
        Act.CANCEL_BY_BUYER,
        Act.DECLINE,
        Act.REPORT_FRAUD,
        Act.GIVE_UP_VERIFYING,
        Act.CANCEL_BY_SELLER,
        Act.CANCEL_UNCONFIRMED,
    ),
    "canceled_at",
)
RETURNS = {Act.CANCEL_BY_BUYER, Act.DECLINE, Act.REPORT_FRAUD, Act.GIVE_UP_VERIFYING, Act.CANCEL_BY_SELLER}
REST = {Act.CANCEL_BY_BUYER, Act.DECLINE, Act.REPORT_FRAUD, Act.GIVE_UP_VERIFYING, Act.CANCEL_UNCONFIRMED}
REASONS = {
    Act.CANCEL_BY_BUYER: "buyer_canceled",
    Act.DECLINE: "payment_declined",
    Act.REPORT_FRAUD: "fraud",
    Act.GIVE_UP_VERIFYING: "verification_expired",
    Act.CANCEL_UNCONFIRMED: "not_confirmed_in_time",
}
UNITS = 3  # of one offer, on one line; of a partially shipped order one is shipped
STOCK = 10
LATER = timedelta(minutes=1)  # between bringing the orders into their states and the acts


class Cell(NamedTuple):
    """One try: an act by a party in a state; for acts on units with all that is left, or one unit only."""

    state: State
    act: Act
    party: Party
    units: str = ""  # "all", "one" or "one:no_inventory"

    @property
    def sku(self) -> str:
        return f"{list(State).index(self.state)}-{self.act}-{list(Party).index(self.party)}{self.units[:4]}"[:40]


def _cells() -> list[Cell]:
    cells = []
    for state in State:
        for act in Act:
            for party in Party:
                several = ("one", "all", "no_inventory") if act is Act.CANCEL_BY_SELLER else ("one", "all")
                units = several if act in (Act.CONFIRM_SHIPMENT, Act.CANCEL_BY_SELLER) else ("",)
                cells += [Cell(state, act, party, how) for how in units]
    return cells


CELLS_TO_WALK = _cells()
LINES = [line.split() for line in WANTED.strip().splitlines()]
COLUMNS = [State(name) for name in LINES[0]]
WANTED_OF = {(state, Act(line[0])): cell for line in LINES[1:] for state, cell in zip(COLUMNS, line[1:], strict=True)}


def wanted(cell: Cell) -> State | Reason:
    """What the process wants of a cell: the state that the act leads to, or the refusal."""
    if cell.party not in BY[cell.act].split():
        return Reason.NOT_YOUR_ACT
    said = WANTED_OF[cell.state, cell.act]
    if said == "=":
        return cell.state
    if said == "units":
        return _by_units(cell)
    return State(said) if said in list(State) else Reason(said)


def _by_units(cell: Cell) -> State:
    """One unit of three or two leaves something to do; all of them end the order."""
    if cell.act is Act.CONFIRM_SHIPMENT:
        return State.SHIPPED if cell.units == "all" else State.PARTIALLY_SHIPPED
    if cell.units != "all":
        return cell.state
    return State.SHIPPED if cell.state is State.PARTIALLY_SHIPPED else State.CANCELED


@dataclass
class Found:
    """What the database says of one order, before and after."""

    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    answer: Refusal | None = None


@dataclass
class Walk:
    """What the walk found, by cell; and the whole database before and after all the acts that were refused."""

    at: datetime
    found: dict[Cell, Found]
    whole_before: dict[str, list[str]]
    whole_after: dict[str, list[str]]


@pytest.fixture(scope="module")
async def walk(server: TestServer) -> Walk:
    """The walk, once for all cells: first what must be refused, in one batch, then what must be granted."""
    url = await server.make()
    async with connect(url) as database:
        scene = await open_market(database)
        keys = await _bring_into_states(scene)
        at = await scene.advance(LATER)
        refused = [cell for cell in CELLS_TO_WALK if isinstance(wanted(cell), Reason)]
        granted = [cell for cell in CELLS_TO_WALK if isinstance(wanted(cell), State)]
        async with database.transaction() as tx:
            found = {cell: Found(before) for cell, before in (await _look(tx, keys)).items()}
            whole_before = await dump(tx)
        async with database.transaction() as tx:
            answers = await _try(tx, {cell: keys[cell] for cell in refused}, at)
        async with database.transaction() as tx:
            whole_after = await dump(tx)
        async with database.transaction() as tx:
            answers |= await _try(tx, {cell: keys[cell] for cell in granted}, at)
        async with database.transaction() as tx:
            for cell, after in (await _look(tx, keys)).items():
                found[cell].after, found[cell].answer = after, answers[cell]
    await server.drop(url)
    return Walk(at, found, whole_before, whole_after)


async def _bring_into_states(scene: Scene) -> dict[Cell, OrderKey]:
    seller = "acme"
    async with scene.database.transaction() as tx:
        listings = [Listing(seller, cell.sku, "P", "Thing", 1000, STOCK, None) for cell in CELLS_TO_WALK]
        assert not any(await offers.list_offers(tx, listings, tx.now))
    scene.sellers |= {cell.sku: seller for cell in CELLS_TO_WALK}
    keys = await scene.to_states([cell.state for cell in CELLS_TO_WALK], [{cell.sku: UNITS} for cell in CELLS_TO_WALK])
    return dict(zip(CELLS_TO_WALK, keys, strict=True))


async def _try(tx: Transaction, keys: Mapping[Cell, OrderKey], at: datetime) -> dict[Cell, Refusal | None]:
    journal = await Journal.open(tx, keys.values(), at, lines=True)
    answers: dict[Cell, Refusal | None] = {}
    for cell, key in keys.items():
        try:
            _act(journal, cell, journal.order(key, at), at)
            answers[cell] = None
        except Refused as no:
            answers[cell] = no.refusal
    await journal.write()
    return answers


def _act(journal: Journal, cell: Cell, order: Order, at: datetime) -> None:
    left = {line.line_no: line.left for line in order.lines.values()}
    units = {1: 1} if cell.units in ("one", "no_inventory") else left
    reason = "no_inventory" if cell.units == "no_inventory" else "general_adjustment"
    journal.record(order, cell.act, Actor(cell.party, "someone"), at, units=units, reason=reason)


async def _look(tx: Transaction, keys: Mapping[Cell, OrderKey]) -> dict[Cell, dict[str, Any]]:
    """Everything about each order: its row, line, history, cancellations, notices, and the stock of its offer."""
    rows = await tx.fetch(
        """
        SELECT o.order_id, to_jsonb(o), to_jsonb(l), f.available,
               (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.number), '[]') FROM order_events e
                 WHERE (e.seller_id, e.order_id) = (o.seller_id, o.order_id)),
               (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.event), '[]') FROM cancellations c
                 WHERE (c.seller_id, c.order_id) = (o.seller_id, o.order_id)),
               (SELECT coalesce(jsonb_agg(to_jsonb(n) ORDER BY n.event), '[]') FROM notices n
                 WHERE (n.seller_id, n.order_id) = (o.seller_id, o.order_id))
          FROM orders o JOIN order_lines l USING (seller_id, order_id) JOIN offers f USING (seller_id, sku)
        """
    )
    names = ("order", "line", "stock", "events", "cancellations", "notices")
    found = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    return {cell: found[key.order_id] for cell, key in keys.items()}


def _name(cell: Cell) -> str:
    return f"{cell.state}-{cell.act}-{cell.party}{'-' * bool(cell.units)}{cell.units}"


every_refused_cell = pytest.mark.parametrize(
    "cell", [cell for cell in CELLS_TO_WALK if isinstance(wanted(cell), Reason)], ids=_name
)
every_granted_cell = pytest.mark.parametrize(
    "cell", [cell for cell in CELLS_TO_WALK if isinstance(wanted(cell), State)], ids=_name
)


def test_the_walk_leaves_out_no_cell() -> None:
    assert {cell[:3] for cell in CELLS_TO_WALK} == {(s, a, p) for s in State for a in Act for p in Party}
    assert len({cell.sku for cell in CELLS_TO_WALK}) == len(CELLS_TO_WALK)
    assert WANTED_OF.keys() == {(state, act) for state in State for act in Act}


def test_the_programs_table_is_the_one_that_the_process_wants() -> None:
    assert {row.act: " ".join(row.by) for row in ACTS} == BY
    assert {row.act: set(row.tells) for row in ACTS if row.tells} == TOLD
    assert {row.act: row.stamps for row in ACTS if row.stamps} == STAMPS | {Act.PLACE: "placed_at"}
    assert set(CELLS) == {(s, a) for (s, a), said in WANTED_OF.items() if said in (*State, "=", "units")}


@every_refused_cell
def test_a_refused_act_is_refused_by_name_and_changes_nothing(walk: Walk, cell: Cell) -> None:
    found = walk.found[cell]
    assert found.answer is not None
    assert found.answer.reason is wanted(cell)
    assert "…" not in found.answer.sentence("en") + found.answer.sentence("zh")
    assert found.after == found.before


def test_all_the_refused_acts_together_change_nothing_anywhere(walk: Walk) -> None:
    assert walk.whole_after == walk.whole_before


@every_granted_cell
def test_a_granted_act_leads_where_the_process_wants(walk: Walk, cell: Cell) -> None:
    found, target = walk.found[cell], wanted(cell)
    assert found.answer is None
    event = _event_of(found)
    assert event["state"] == target
    if (cell.state, cell.act) == (State.VERIFYING, Act.APPROVE):  # the hold is over: released in the same moment
        assert [later["act"] for later in found.after["events"][event["number"] :]] == ["release"]
        target = State.UNSHIPPED
    else:
        assert found.after["events"][-1] == event
    assert found.after["order"]["state"] == target
    assert (found.after["order"]["wakes_at"] is None) == (target in ("shipped", "canceled"))


@every_granted_cell
def test_a_granted_act_is_one_event_that_says_who_and_when(walk: Walk, cell: Cell) -> None:
    found = walk.found[cell]
    event = _event_of(found)
    assert (event["act"], event["party"], event["actor"]) == (cell.act, cell.party, "someone")
    assert datetime.fromisoformat(event["happened_at"]) == walk.at
    assert found.after["events"][: event["number"] - 1] == found.before["events"]
    assert [one["number"] for one in found.after["events"]] == [*range(1, found.after["order"]["last_event"] + 1)]


@every_granted_cell
def test_a_granted_act_stamps_its_moment_and_touches_nothing_else_of_the_order(walk: Walk, cell: Cell) -> None:
    found = walk.found[cell]
    changed = {name for name, value in found.after["order"].items() if value != found.before["order"][name]}
    may_change = {"state", "wakes_at", "verify_at", "updated_at", "last_event"}
    if stamp := STAMPS.get(cell.act):
        assert datetime.fromisoformat(found.after["order"][stamp]) == walk.at
        may_change.add(stamp)
    if stamp == "canceled_at":
        may_change |= {"canceled_units", "canceled_by", "cancel_reason"}
    if cell.act is Act.CONFIRM_SHIPMENT:
        may_change.add("shipped_units")
    if (cell.state, cell.act) == (State.VERIFYING, Act.APPROVE):  # released later than the hold: promised anew (A31)
        may_change |= {"released_at", "ship_earliest", "ship_latest", "deliver_earliest", "deliver_latest"}
    assert changed <= may_change


@every_granted_cell
def test_a_granted_act_moves_the_units_it_names_and_the_stock_it_should(walk: Walk, cell: Cell) -> None:
    found = walk.found[cell]
    left = UNITS - (cell.state is State.PARTIALLY_SHIPPED)
    moved = left if cell.act in REST or cell.units == "all" else 1 if cell.units else 0
    shipped, canceled = (moved, 0) if cell.act is Act.CONFIRM_SHIPMENT else (0, moved)
    returned = canceled if cell.act in RETURNS and cell.units != "no_inventory" else 0
    before, after = found.before["line"], found.after["line"]
    assert after == before | {"shipped": before["shipped"] + shipped, "canceled": before["canceled"] + canceled}
    assert found.after["order"]["shipped_units"] == after["shipped"]
    assert found.after["order"]["canceled_units"] == after["canceled"]
    assert found.after["stock"] == found.before["stock"] + returned
    new = found.after["cancellations"][len(found.before["cancellations"]) :]
    said = REASONS.get(cell.act, "no_inventory" if cell.units == "no_inventory" else "general_adjustment")
    assert [(one["quantity"], one["canceled_by"], one["reason"], one["returned"]) for one in new] == (
        [(canceled, CANCELED_BY[cell.party], said, bool(returned))] if canceled else []
    )


@every_granted_cell
def test_a_granted_act_tells_exactly_those_it_should(walk: Walk, cell: Cell) -> None:
    found = walk.found[cell]
    event = _event_of(found)
    new = found.after["notices"][len(found.before["notices"]) :]
    of_act = {(one["receiver"], one["kind"]) for one in new if one["event"] == event["number"]}
    assert of_act == TOLD.get(cell.act, set())
    receivers = {"buyer": found.after["order"]["buyer_id"], "seller": found.after["order"]["seller_id"]}
    assert all(one["receiver_id"] == receivers[one["receiver"]] for one in new)
    assert all(datetime.fromisoformat(one["happened_at"]) == walk.at for one in new)
    assert len(new) == len(of_act) + 2 * ((cell.state, cell.act) == (State.VERIFYING, Act.APPROVE))


@pytest.mark.parametrize(("state", "act"), [(state, row.act) for row in ACTS if row.once for state in row.sources])
async def test_what_happens_once_is_refused_the_second_time(scene: Scene, state: State, act: Act) -> None:
    row = ROW_OF[act]
    key = await scene.to_state(state)
    actor = Actor(row.by[0], "someone")

    async def do(tx: Transaction) -> None:
        journal = await Journal.open(tx, [key])
        journal.record(journal.order(key, tx.now), act, actor, tx.now)
        await journal.write()

    await scene.database.run(do)
    before = await scene.dump()
    with pytest.raises(Refused) as refused:
        await scene.database.run(do)
    assert refused.value.refusal.reason is row.once
    assert await scene.dump() == before


def _event_of(found: Found) -> dict[str, Any]:
    """The event that the act itself left."""
    event: dict[str, Any] = found.after["events"][len(found.before["events"])]
    return event
