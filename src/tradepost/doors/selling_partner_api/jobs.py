"""What the operations on feeds and on reports have in common: how jobs are asked for, and how they are listed."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from tradepost.doors.selling_partner_api.asked import Query, invalid
from tradepost.doors.selling_partner_api.page_tokens import seal, unseal
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.jobs.jobs import KEPT, STATUSES, Wanted

MOST_MARKETPLACES = 25
MOST_KINDS = 10
USUAL_PAGE, MOST_PAGE = 10, 100
MOST_NUMBER = 2**63 - 1  # of a job
_FILTERS = _STATUSES, _SINCE, _UNTIL, _SIZE = "processingStatuses", "createdSince", "createdUntil", "pageSize"

Text = Annotated[str, Meta(max_length=1000)]
Marketplaces = Annotated[list[Text], Meta(min_length=1, max_length=MOST_MARKETPLACES)]
Options = dict[str, Text] | None


class Place(Struct, frozen=True, array_like=True):
    """Where a page of jobs begins: behind the one with the number `after`."""

    wanted: Wanted
    after: Annotated[int, Meta(ge=0, le=MOST_NUMBER)] | None
    size: Annotated[int, Meta(ge=1, le=MOST_PAGE)]


def asked_page(query: Query, kinds_name: str, bound: object) -> Place:
    """The page that a call asks for; `bound` is what a token must have been given for.

    A token comes alone, but for marketplaces: some clients name theirs with every call.
    """
    if token := query.text("nextToken"):
        for name in (kinds_name, *_FILTERS):
            if query.text(name):
                raise invalid(name, "it may not come with a nextToken, which comes alone")
        return unseal("nextToken", token, Place, bound, machine_now())
    wanted = Wanted(
        kinds_named(kinds_name, query.texts(kinds_name, MOST_KINDS), ", or give a nextToken"),
        query.texts("marketplaceIds", MOST_KINDS),
        query.choices(_STATUSES, STATUSES),
        query.moment(_SINCE),
        query.moment(_UNTIL),
    )
    return Place(wanted, None, query.number(_SIZE, 1, MOST_PAGE) or USUAL_PAGE)


def in_view(tx: Transaction, wanted: Wanted) -> Wanted:
    """The same, and where nobody says since when, since as long ago as jobs are known."""
    return wanted if wanted.since else wanted._replace(since=tx.now - KEPT)


def kinds_named(name: str, kinds: Sequence[str], instead: str = "") -> Sequence[str]:
    """These kinds of jobs; refuses it when there is none. `instead`: what else a call may say."""
    if not kinds:
        raise invalid(name, f"name at least one{instead}")
    return kinds


def following(place: Place, numbers: Sequence[int], bound: object) -> str | None:
    """The token of the page after this one, of which these numbers were read and one more; None: there is none."""
    if len(numbers) <= place.size:
        return None
    return seal(Place(place.wanted, numbers[place.size - 1], place.size), bound, machine_now())
