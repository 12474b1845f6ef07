"""What must be true of the two tables by themselves, and of the list of refusals."""

import ast
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import tradepost
from tradepost.deadlines import DEADLINES, Deadline
from tradepost.lifecycle import ACTS, CELLS, FINISHED, PENDING, ROW_OF, Act, Party, Row, State
from tradepost.policy import Policy
from tradepost.refusals import SENTENCES, Reason

SOURCE = Path(tradepost.__file__).parent
TEXTS = SOURCE / "notices" / "texts"


def _reached(start: set[State], rows: list[Row]) -> set[State]:
    """The states that these rows lead to from `start`, however often they are taken."""
    reached = set(start)
    while new := {t for row in rows if reached & set(row.sources) for t in row.targets} - reached:
        reached |= new
    return reached


def test_every_act_has_one_row() -> None:
    assert [row.act for row in ACTS] == list(Act)


def test_every_state_can_be_reached() -> None:
    assert _reached(set(ROW_OF[Act.PLACE].targets), list(ACTS)) == set(State)


@pytest.mark.parametrize("state", sorted(PENDING))
def test_the_clock_leads_every_pending_order_out_of_pending(state: State) -> None:
    by_clock = [ROW_OF[deadline.act] for deadline in DEADLINES]
    assert _reached({state}, by_clock) - PENDING


@pytest.mark.parametrize("state", sorted(set(State) - FINISHED))
def test_the_clock_alone_brings_every_order_to_its_end(state: State) -> None:
    by_clock = [ROW_OF[deadline.act] for deadline in DEADLINES]
    assert _reached({state}, by_clock) & FINISHED


@pytest.mark.parametrize("state", sorted(FINISHED))
def test_a_finished_order_has_no_deadline_and_no_way_back(state: State) -> None:
    assert not [deadline for deadline in DEADLINES if deadline.state is state]
    assert all(not row.targets for (source, _), row in CELLS.items() if source is state)


@pytest.mark.parametrize("deadline", DEADLINES, ids=lambda deadline: f"{deadline.state}-{deadline.act}")
def test_a_deadline_is_an_act_that_the_clock_may_do_there(deadline: Deadline) -> None:
    row = CELLS[deadline.state, deadline.act]
    assert row.by == (Party.CLOCK,)
    assert row.targets or row.once, "or the clock would do it for ever"


def test_the_clock_does_nothing_but_its_deadlines() -> None:
    assert {(s, row.act) for row in ACTS if Party.CLOCK in row.by for s in row.sources} == {
        (deadline.state, deadline.act) for deadline in DEADLINES
    }


@pytest.mark.parametrize("deadline", DEADLINES, ids=lambda deadline: f"{deadline.state}-{deadline.act}")
def test_a_deadline_is_described_by_numbers_of_the_policy(deadline: Deadline) -> None:
    named = {name for _, name, _, _ in Formatter().parse(deadline.when) if name}
    assert named
    assert all(hasattr(Policy(), name) for name in named)


@pytest.mark.parametrize("row", ACTS, ids=lambda row: row.act)
def test_an_act_that_cancels_says_what_becomes_of_the_stock(row: Row) -> None:
    cancels = State.CANCELED in row.targets
    assert cancels == (row.units is not None and "cancel" in row.units)
    assert (row.stock is not None) == (cancels or row.act is Act.PLACE)
    assert (row.reason is not None) == (cancels and row.act is not Act.CANCEL_BY_SELLER)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("row", [row for row in ACTS if row.tells], ids=lambda row: row.act)
def test_every_notice_that_an_act_sends_has_its_words(row: Row, language: str) -> None:
    for party, kind in row.tells:
        texts = [TEXTS / language / f"{kind}_{party}.txt", TEXTS / language / f"{kind}.txt"]
        assert any(text.is_file() and text.read_text(encoding="utf-8").strip() for text in texts), kind


@pytest.mark.parametrize("state", State)
def test_a_state_is_shown_in_the_words_of_the_seller_api(state: State) -> None:
    """A17: the three kinds of Pending are one status to everyone outside."""
    statuses = {"unshipped": "Unshipped", "shipped": "Shipped", "canceled": "Canceled"}
    statuses |= {"partially_shipped": "PartiallyShipped"} | dict.fromkeys(("held", "approved", "verifying"), "Pending")
    assert state.status == statuses[state]


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_sentence_in_both_languages(reason: Reason) -> None:
    english, chinese = SENTENCES[reason]
    assert english.isascii()
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert _facts(english) == _facts(chinese)


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_is_given_somewhere(reason: Reason) -> None:
    assert reason.name in _reasons_named_in_the_program()


def _facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@cache
def _reasons_named_in_the_program() -> set[str]:
    return {
        node.attr
        for file in SOURCE.rglob("*.py")
        if file.name not in ("reasons.py", "sentences.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }
