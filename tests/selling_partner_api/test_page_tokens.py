"""Page tokens: they are for one call, one day long, and nothing that is written into one gets any further."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from tradepost.doors.selling_partner_api import page_tokens
from tradepost.refusals import Reason, Refused

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BOUND = ("searchOrders", "acme", ["PENDING"])


class Page(Struct, frozen=True):
    """A page that begins somewhere."""

    at: datetime
    names: list[str]


PAGE = Page(NOW, ["a", "b"])


def unsealed(token: str, bound: object = BOUND, now: datetime = NOW) -> Page:
    return page_tokens.unseal("NextToken", token, Page, bound, now)


def refused(token: str, bound: object = BOUND, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as no:
        unsealed(token, bound, now)
    assert no.value.refusal.reason is Reason.INVALID_VALUE
    assert no.value.refusal.facts["field"] == "NextToken"
    return str(no.value.refusal.facts["problem"])


def test_a_token_gives_its_page_back() -> None:
    token = page_tokens.seal(PAGE, BOUND, NOW)
    assert unsealed(token) == PAGE
    assert token.replace("-", "").replace("_", "").isalnum()  # it travels in a query as it is


@pytest.mark.parametrize("other", [("searchOrders", "solo", ["PENDING"]), ("getOrders", *BOUND[1:]), BOUND[:2], None])
def test_a_token_is_for_the_call_it_was_given_for(other: object) -> None:
    assert "not for this call" in refused(page_tokens.seal(PAGE, BOUND, NOW), other)


def test_a_token_lasts_a_day() -> None:
    token = page_tokens.seal(PAGE, BOUND, NOW)
    assert unsealed(token, now=NOW + timedelta(hours=24)) == PAGE
    assert "24 hours" in refused(token, now=NOW + timedelta(hours=24, seconds=1))


def test_no_sign_of_a_token_can_be_another() -> None:
    token = page_tokens.seal(PAGE, BOUND, NOW)
    for place, sign in enumerate(token):
        changed = token[:place] + ("A" if sign != "A" else "B") + token[place + 1 :]
        if base64.urlsafe_b64decode(changed + "==") != base64.urlsafe_b64decode(token + "=="):  # not only spare bits
            refused(changed)


@pytest.mark.parametrize("nonsense", ["", "x", "=", "next", "é", "a" * 1999, "AAAA" * 20, "\0", "%%%", "////++++"])
def test_nonsense_is_no_token(nonsense: str) -> None:
    refused(nonsense)


@pytest.mark.parametrize(
    "page",
    [
        {"at": "2026-03-02T10:00:00", "names": []},  # no zone
        {"at": "0001-01-01T00:00:00+14:00", "names": []},  # no calendar has it
        {"at": NOW, "names": ["a\0b"]},
        {"at": NOW, "names": [1]},
        {"at": NOW},
        [],
        None,
        1,
    ],
)
def test_what_somebody_seals_by_himself_is_read_as_a_strangers(page: Any) -> None:
    refused(page_tokens.seal(page, BOUND, NOW))
