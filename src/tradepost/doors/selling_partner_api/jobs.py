"""What the operations on feeds and on reports have in common: how jobs are asked for, and how they are listed."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from tradepost.doors.selling_partner_api.asked import Query, invalid
from tradepost.doors.selling_partner_api.page_tokens import seal, unseal
from tradepost.ground.clock import machine_now
from tradepost.jobs.jobs import STATUSES, Wanted

MOST_MARKETPLACES = 25
MOST_KINDS = 10
USUAL_PAGE, MOST_PAGE = 10, 100

Text = Annotated[str, Meta(max_length=1000)]
Marketplaces = Annotated[list[Text], Meta(min_length=1, max_length=MOST_MARKETPLACES)]
Options = dict[str, Text] | None


class Place(Struct, frozen=True, array_like=True):
    """Where a page of jobs begins: behind the one with the number `after`."""

    wanted: Wanted
    after: int | None
    size: int


def asked_page(query: Query, kinds_name: str, bound: object) -> Place:
    """The page that a call asks for; `bound` is what a token must have been given for."""
    if token := query.text("nextToken"):
        return unseal("nextToken", token, Place, bound, machine_now())
    wanted = Wanted(
        kinds_named(kinds_name, query.texts(kinds_name, MOST_KINDS)),
        query.texts("marketplaceIds", MOST_KINDS),
        query.choices("processingStatuses", STATUSES),
        query.moment("createdSince"),
        query.moment("createdUntil"),
    )
    return Place(wanted, None, query.number("pageSize", 1, MOST_PAGE) or USUAL_PAGE)


def kinds_named(name: str, kinds: Sequence[str]) -> Sequence[str]:
    """These kinds of jobs; refuses it when there is none."""
    if not kinds:
        raise invalid(name, "name at least one, or give a nextToken")
    return kinds


def following(place: Place, numbers: Sequence[int], bound: object) -> str | None:
    """The token of the page after this one, of which these numbers were read and one more; None: there is none."""
    if len(numbers) <= place.size:
        return None
    return seal(Place(place.wanted, numbers[place.size - 1], place.size), bound, machine_now())
