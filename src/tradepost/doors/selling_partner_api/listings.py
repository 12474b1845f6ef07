"""Listings Items 2021-08-01: a seller puts, patches and deletes listings (A3, A5).

What is wrong with a listing is told as its issues; only what cannot be read is an error. All of it is done when the
answer comes, though the API speaks of submissions.
"""

from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

import msgspec
from litestar import Response, delete, patch, put
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from tradepost.doors.http import requests
from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.acts import act
from tradepost.doors.selling_partner_api.asked import Query
from tradepost.doors.selling_partner_api.listings_asked import ITEM, key_of, market_of
from tradepost.doors.selling_partner_api.listings_wire import Issue, issues_of
from tradepost.doors.selling_partner_api.routes import Partner, ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.answers import Answer
from tradepost.listings.items.patches import MOST_PATCHES, Patch
from tradepost.listings.items.submissions import (
    Changes,
    Deletion,
    Requirements,
    Submission,
    Submitted,
    Whole,
    submit,
)
from tradepost.refusals import Reason, Refused

PREVIEW = "VALIDATION_PREVIEW"

BodyT = TypeVar("BodyT")


class PutRequest(Struct, frozen=True, rename="camel"):
    """What putListingsItem takes."""

    product_type: str
    attributes: dict[str, Any]
    requirements: Requirements | None = None


class PatchOperation(Struct, frozen=True):
    """One patch of an attribute."""

    op: Literal["add", "replace", "merge", "delete"]
    path: str
    value: list[dict[str, Any]] | None = None


class PatchRequest(Struct, frozen=True, rename="camel"):
    """What patchListingsItem takes."""

    product_type: str
    patches: Annotated[list[PatchOperation], Meta(min_length=1, max_length=MOST_PATCHES)]


class Identifiers(Struct, frozen=True, rename="camel"):
    """What the listing's product is known by."""

    marketplace_id: str
    asin: str


class SubmissionResponse(Struct, frozen=True, rename="camel"):
    """What became of a submission."""

    sku: str
    status: str
    submission_id: str
    issues: list[Issue] | UnsetType
    identifiers: list[Identifiers] | UnsetType


_ENCODER = msgspec.json.Encoder()


@put(ITEM, opt=operation("putListingsItem", 5, 10))
async def put_listings_item(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, seller_id: FromPath[str]
) -> Response[bytes]:
    """List something, or list it anew."""
    asked = await _body_of(request, PutRequest)
    wish = Whole(asked.product_type, asked.attributes, asked.requirements or Requirements.LISTING)
    return await _submit(request, desk, partner, seller_id, wish)


@patch(ITEM, opt=operation("patchListingsItem", 5, 5))
async def patch_listings_item(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, seller_id: FromPath[str]
) -> Response[bytes]:
    """Change some attributes of a listing."""
    asked = await _body_of(request, PatchRequest)
    wish = Changes(asked.product_type, [Patch(one.op, one.path, one.value) for one in asked.patches])
    return await _submit(request, desk, partner, seller_id, wish)


@delete(ITEM, status_code=200, opt=operation("deleteListingsItem", 5, 5))
async def delete_listings_item(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, seller_id: FromPath[str]
) -> Response[bytes]:
    """Take a listing away; orders keep what they have of it."""
    return await _submit(request, desk, partner, seller_id, Deletion())


async def _body_of(request: AnyRequest, kind: type[BodyT]) -> BodyT:
    """The body of a call as it was sent: null is a value here, and merging takes a field away by it."""
    annotation: Any = kind
    body: BodyT = requests.decoded(requests.decoder(annotation), await request.body())
    return body


async def _submit(
    request: AnyRequest, desk: Desk, partner: Partner, seller_id: str, wish: Whole | Changes | Deletion
) -> Response[bytes]:
    key, query = key_of(request, partner, seller_id), Query(request)
    async with desk.database.transaction() as tx:
        market = await market_of(tx, query, partner, most=50 if isinstance(wish, Changes) else 1)
    preview, included = _wanted(query) if not isinstance(wish, Deletion) else (False, ["issues"])

    def answer(done: Submitted) -> Answer:
        response = SubmissionResponse(
            key.sku,
            ("VALID" if preview else "ACCEPTED") if done.valid else "INVALID",
            str(uuid4()),
            issues_of(done.issues, market.marketplace_id, market.language) if "issues" in included else UNSET,
            _identifiers(done, market.marketplace_id) if "identifiers" in included else UNSET,
        )
        return Answer(200, _ENCODER.encode(response))

    return await act(request, desk, submit, lambda at: Submission(key, at, wish, preview), answer)


def _wanted(query: Query) -> tuple[bool, list[str]]:
    """Whether it is only a preview, and what the answer is to include."""
    preview = bool(query.choices("mode", (PREVIEW,)))
    included = query.choices("includedData", ("identifiers", "issues")) or ["issues"]
    if "identifiers" in included and not preview:
        raise Refused(Reason.INVALID_VALUE, field="includedData", problem=f"identifiers come with mode={PREVIEW} only")
    return preview, included


def _identifiers(done: Submitted, marketplace_id: str) -> list[Identifiers]:
    return [Identifiers(marketplace_id, done.product_id)] if done.valid and done.product_id else []


OPERATIONS: list[Any] = [put_listings_item, patch_listings_item, delete_listings_item]
