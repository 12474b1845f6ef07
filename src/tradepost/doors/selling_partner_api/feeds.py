"""Feeds 2021-06-30: files that sellers' software uploads, and the reports of what became of them."""

from datetime import datetime
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath
from msgspec import Struct

from tradepost.documents import documents
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query, body_of
from tradepost.doors.selling_partner_api.documents import url_of
from tradepost.doors.selling_partner_api.jobs import Marketplaces, Options, Text, asked_page, following, in_view
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.feeds import feeds
from tradepost.feeds.feeds import Feed, NewFeed
from tradepost.ground.database import Transaction


class DocumentWanted(Struct, frozen=True, rename="camel"):
    """A document that is to be uploaded."""

    content_type: Text


class NewDocument(Struct, frozen=True, rename="camel"):
    """Where to upload it."""

    feed_document_id: str
    url: str


class DocumentToFetch(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where to fetch it."""

    feed_document_id: str
    url: str
    compression_algorithm: str | None = None


class FeedWanted(Struct, frozen=True, rename="camel"):
    """A feed that is to be applied."""

    feed_type: Text
    marketplace_ids: Marketplaces
    input_feed_document_id: Text
    feed_options: Options = None


class FeedMade(Struct, frozen=True, rename="camel"):
    """The number of a feed."""

    feed_id: str


class FeedShown(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A feed and how far it is."""

    feed_id: str
    feed_type: str
    created_time: datetime
    processing_status: str
    marketplace_ids: list[str] | None = None
    processing_start_time: datetime | None = None
    processing_end_time: datetime | None = None
    result_feed_document_id: str | None = None


class FeedList(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Some feeds, the youngest first."""

    feeds: list[FeedShown]
    next_token: str | None = None


@post("/feeds/2021-06-30/documents", status_code=201, opt=operation("createFeedDocument", 0.5, 15))
async def create_feed_document(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """Make room for a document, and say where to upload it."""
    asked = await body_of(request, DocumentWanted)

    async def work(tx: Transaction) -> NewDocument:
        await feeds.check_plan(tx, partner.seller_id)
        made = await documents.make(tx, partner.seller_id, asked.content_type)
        return NewDocument(made.document_id, url_of(request, await documents.leave(tx, "PUT", made)))

    return sent(request, await desk.database.run(work), 201)


@get("/feeds/2021-06-30/documents/{document_id:str}", opt=operation("getFeedDocument", 0.0222, 10))
async def get_feed_document(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, document_id: FromPath[str]
) -> Response[bytes]:
    """Say where to fetch a document."""

    async def work(tx: Transaction) -> DocumentToFetch:
        found = await documents.find(tx, partner.seller_id, document_id)
        leave = await documents.leave(tx, "GET", found)
        return DocumentToFetch(found.document_id, url_of(request, leave), found.compression)

    return sent(request, await desk.database.run(work))


@post("/feeds/2021-06-30/feeds", status_code=202, opt=operation("createFeed", 0.0083, 15))
async def create_feed(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """Put a feed into the queue."""
    asked = await body_of(request, FeedWanted)
    options = asked.feed_options or {}
    new = NewFeed(partner.seller_id, asked.feed_type, asked.marketplace_ids, asked.input_feed_document_id, options)

    async def work(tx: Transaction) -> str:
        await check_marketplaces(tx, partner.seller_id, asked.marketplace_ids)
        return await feeds.create(tx, new)

    return sent(request, FeedMade(await desk.database.run(work)), 202)


@get("/feeds/2021-06-30/feeds/{feed_id:str}", opt=operation("getFeed", 2, 15))
async def get_feed(request: AnyRequest, desk: TheDesk, partner: ThePartner, feed_id: FromPath[str]) -> Response[bytes]:
    """How far a feed is; beyond the models, how many of its records are through."""
    found = await desk.database.run(lambda tx: feeds.find(tx, partner.seller_id, feed_id))
    progress = {"x-tradepost-records": str(found.records), "x-tradepost-records-done": str(found.done)}
    return sent(request, _shown(found), headers=progress)


@delete("/feeds/2021-06-30/feeds/{feed_id:str}", status_code=200, opt=operation("cancelFeed", 2, 15))
async def cancel_feed(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, feed_id: FromPath[str]
) -> Response[bytes]:
    """Take a feed out of the queue."""
    await desk.database.run(lambda tx: feeds.cancel(tx, partner.seller_id, feed_id))
    return sent(request, None)


@get("/feeds/2021-06-30/feeds", opt=operation("getFeeds", 0.0222, 10))
async def get_feeds(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The seller's feeds of some kinds, the youngest first; those of the last 90 days where nobody says."""
    bound = ("getFeeds", partner.seller_id)
    place = asked_page(Query(request), "feedTypes", bound)

    async def work(tx: Transaction) -> list[Feed]:
        return await feeds.page(tx, partner.seller_id, in_view(tx, place.wanted), place.after, place.size + 1)

    found = await desk.database.run(work)
    token = following(place, [feed.number for feed in found], bound)
    return sent(request, FeedList([_shown(feed) for feed in found[: place.size]], token))


def _shown(feed: Feed) -> FeedShown:
    return FeedShown(
        feed.feed_id,
        feed.kind,
        feed.created_at,
        feed.status,
        feed.marketplace_ids,
        feed.started_at,
        feed.ended_at,
        feed.result_id,
    )


OPERATIONS: list[Any] = [
    create_feed_document,
    get_feed_document,
    create_feed,
    get_feed,
    cancel_feed,
    get_feeds,
]
