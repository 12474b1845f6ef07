"""Feeds 2021-06-30: a document is uploaded, a feed created, polled and its report fetched."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.rooms.uploaded_files import row, table
from tests.scene import MARKET, PRO, SOLO, Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.conftest import Authorize
from tradepost.documents import documents
from tradepost.doors.selling_partner_api.jobs import Place
from tradepost.doors.selling_partner_api.page_tokens import seal
from tradepost.feeds import confirmations, kind, working
from tradepost.feeds.kinds import KINDS
from tradepost.ground.clock import machine_now
from tradepost.ground.storage import Storage
from tradepost.jobs.jobs import Wanted
from tradepost.lifecycle import State

FEEDS, DOCUMENTS = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
KIND = "POST_FLAT_FILE_FULFILLMENT_DATA"
TSV = "text/tab-separated-values; charset=UTF-8"


async def document(selling: Selling) -> tuple[str, str]:
    """A new document: its id, and the address to upload it to."""
    answer = await selling.post(DOCUMENTS, {"contentType": TSV})
    assert answer.status_code == 201, answer.text
    return answer.json()["feedDocumentId"], answer.json()["url"]


async def uploaded(selling: Selling, content: bytes) -> str:
    document_id, url = await document(selling)
    answer = await selling.client.put(url, content=content, headers={"content-type": TSV})
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    return document_id


async def created(selling: Selling, content: bytes = b"x", kind: str = KIND, **options: str) -> str:
    document_id = await uploaded(selling, content)
    body = {"feedType": kind, "marketplaceIds": [MARKET], "inputFeedDocumentId": document_id}
    answer = await selling.post(FEEDS, body | ({"feedOptions": options} if options else {}))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["feedId"])


async def work(scene: Scene, storage: Storage) -> None:
    while taken := await working.take(scene.database):
        await working.go_on(scene.database, storage, taken, asyncio.Event())


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["details"]


async def test_a_file_goes_from_the_upload_to_its_report(selling: Selling, scene: Scene, storage: Storage) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    feed_id = await created(selling, table([row(key)]))
    waiting = (await selling.get(f"{FEEDS}/{feed_id}")).json()
    assert (waiting["processingStatus"], waiting["feedType"]) == ("IN_QUEUE", KIND)
    assert "resultFeedDocumentId" not in waiting
    await work(scene, storage)
    done = (await selling.get(f"{FEEDS}/{feed_id}")).json()
    assert done["processingStatus"] == "DONE"
    assert await scene.state(key) is State.SHIPPED
    found = (await selling.get(f"{DOCUMENTS}/{done['resultFeedDocumentId']}")).json()
    report = await selling.client.get(found["url"])
    assert report.text == (
        "Feed Processing Summary:\n\tNumber of records processed\t\t1\n\tNumber of records successful\t\t1\n"
    )
    assert report.headers["content-type"] == "text/plain; charset=utf-8"
    assert report.headers["content-disposition"] == "attachment"


async def test_a_feed_shows_how_far_it_is(
    selling: Selling, scene: Scene, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(working, "SIDE_BY_SIDE", 1)
    apply, stop = confirmations.apply, asyncio.Event()

    async def apply_and_stop(*about: Any) -> Any:
        stop.set()
        return await apply(*about)

    monkeypatch.setitem(KINDS, KIND, KINDS[KIND]._replace(apply=apply_and_stop))
    feed_id = await created(selling, table([row(key) for key in await scene.to_states([State.UNSHIPPED] * 3)]))
    told = [await progress(selling, feed_id)]
    for _ in range(3):
        stop.clear()
        taken = await working.take(scene.database)
        assert taken is not None
        await working.go_on(scene.database, storage, taken, stop)
        told.append(await progress(selling, feed_id))
    assert told == [("0", "0"), ("3", "1"), ("3", "2"), ("3", "3")]


async def progress(selling: Selling, feed_id: str) -> tuple[str, str]:
    headers = (await selling.get(f"{FEEDS}/{feed_id}")).headers
    return headers["x-tradepost-records"], headers["x-tradepost-records-done"]


async def test_addresses_are_signed_for_one_method_one_document_and_five_minutes(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = int(machine_now().timestamp())
    document_id, url = await document(selling)
    after = int(machine_now().timestamp())
    other_id, _ = await document(selling)
    for wrong in (
        url.replace(document_id, other_id),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("seller=acme", "seller=solo"),
        url.replace("expires=1", "expires=2"),
        url.replace("expires=1", "expires=x"),
        url.partition("?")[0],
    ):
        answer = await selling.client.put(wrong, content=b"x")
        assert refused(answer) == (403, "Unauthorized", "address_not_signed")
    assert refused(await selling.client.get(url)) == (403, "Unauthorized", "address_not_signed")
    assert before <= int(parse_qs(urlsplit(url).query)["expires"][0]) - 300 <= after
    assert (await selling.client.put(url, content=b"x")).status_code == 200
    monkeypatch.setattr(documents, "OPEN_FOR", timedelta(seconds=-1))
    document_id, url = await document(selling)
    assert refused(await selling.client.put(url, content=b"x")) == (403, "Unauthorized", "address_has_ended")


async def test_a_document_that_is_too_large_or_breaks_off_is_not_there(
    selling: Selling, monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    document_id, url = await document(selling)
    answer = await selling.client.put(url, content=bytes(65 << 20))
    assert refused(answer) == (413, "RequestTooLarge", "too_large")
    found = (await selling.get(f"{DOCUMENTS}/{document_id}")).json()["url"]
    assert refused(await selling.client.get(found)) == (404, "NotFound", "document_not_found")


async def test_strangers_see_nothing(selling: Selling, authorize: Authorize, scene: Scene) -> None:
    feed_id = await created(selling)
    document_id = await uploaded(selling, b"x")
    other = await selling.of(await authorize(SOLO))
    assert refused(await other.get(f"{FEEDS}/{feed_id}")) == (404, "NotFound", "feed_not_found")
    assert refused(await other.delete(f"{FEEDS}/{feed_id}")) == (404, "NotFound", "feed_not_found")
    assert refused(await other.get(f"{DOCUMENTS}/{document_id}")) == (404, "NotFound", "document_not_found")
    assert (await other.get(FEEDS, feedTypes=KIND)).json() == {"feeds": []}


async def test_individual_sellers_upload_no_files(selling: Selling, authorize: Authorize) -> None:
    solo = await selling.of(await authorize(SOLO))
    no = (403, "Unauthorized", "professional_plan_needed")
    assert refused(await solo.post(DOCUMENTS, {"contentType": TSV})) == no
    document_id = await uploaded(selling, b"x")
    body = {"feedType": KIND, "marketplaceIds": [MARKET], "inputFeedDocumentId": document_id}
    assert refused(await solo.post(FEEDS, body)) == no


async def test_what_cannot_be_a_feed_is_refused(selling: Selling) -> None:
    document_id = await uploaded(selling, b"x")
    good = {"feedType": KIND, "marketplaceIds": [MARKET], "inputFeedDocumentId": document_id}
    invalid = (400, "InvalidInput", "invalid_value")
    for wrong in (
        {"feedType": "POST_NOTHING"},
        {"feedType": 1},
        {"marketplaceIds": []},
        {"marketplaceIds": [MARKET] * 26},
        {"marketplaceIds": [MARKET, "\0"]},
        {"feedOptions": {"dryRun": "perhaps"}},
        {"feedOptions": {"dryRun": True}},
        {"feedOptions": {"quantitiesAsOf": "yesterday"}},
        {"feedOptions": {"quantitiesAsOf": "2026-03-01T00:00:00"}},
        {"feedOptions": {"quantitiesAsOf": "2027-03-01T00:00:00Z"}},
        {"feedOptions": {"quantitiesAsOf": "2026-03-01T00:00:00Z"}},
        {"feedOptions": {"x\0": "y"}},
        {"feedOptions": {str(number): "" for number in range(21)}},
    ):
        assert refused(await selling.post(FEEDS, good | wrong)) == invalid, wrong
    unknown = await selling.post(FEEDS, good | {"inputFeedDocumentId": "nothing"})
    assert refused(unknown) == (404, "NotFound", "document_not_found")
    assert refused(await selling.post(FEEDS, good | {"marketplaceIds": ["OTHER"]}))[0] == 403
    for content_type in ("", "text/plain\r\nx: y", "x" * 101, "テキスト"):
        assert refused(await selling.post(DOCUMENTS, {"contentType": content_type})) == invalid
    assert refused(await selling.post(DOCUMENTS, {})) == invalid


async def test_only_a_feed_that_waits_can_be_canceled(selling: Selling, scene: Scene, storage: Storage) -> None:
    waiting, done = await created(selling), await created(selling)
    answer = await selling.delete(f"{FEEDS}/{waiting}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await selling.get(f"{FEEDS}/{waiting}")).json()["processingStatus"] == "CANCELLED"
    await work(scene, storage)
    for feed_id in (waiting, done):
        refusal = refused(await selling.delete(f"{FEEDS}/{feed_id}"))
        assert refusal == (400, "InvalidInput", "feed_has_begun")
    assert (await selling.get(f"{FEEDS}/{waiting}")).json()["processingStatus"] == "CANCELLED"


async def test_feeds_are_listed_the_youngest_first_page_by_page(selling: Selling) -> None:
    made = [await created(selling) for _ in range(5)]
    await selling.delete(f"{FEEDS}/{made[0]}")
    first = (await selling.get(FEEDS, feedTypes=KIND, pageSize=2)).json()
    second = (await selling.get(FEEDS, nextToken=first["nextToken"])).json()
    third = (await selling.get(FEEDS, nextToken=second["nextToken"])).json()
    pages = [[feed["feedId"] for feed in page["feeds"]] for page in (first, second, third)]
    assert pages == [made[4:2:-1], made[2:0:-1], made[:1]]
    assert "nextToken" not in third

    async def listed(**more: object) -> int:
        return len((await selling.get(FEEDS, feedTypes=KIND, **more)).json()["feeds"])

    assert await listed(processingStatuses="CANCELLED") == 1
    assert await listed(marketplaceIds="OTHER") == 0
    assert await listed(createdSince="2026-03-02T10:00:01Z") == 0
    assert await listed(createdUntil="2026-03-02T10:00:00Z") == 5
    assert refused(await selling.get(FEEDS)) == (400, "InvalidInput", "invalid_value")
    assert refused(await selling.get(FEEDS, nextToken="x")) == (400, "InvalidInput", "invalid_value")
    for after, size in ((2**63, 1), (1, 101)):
        forged = seal(Place(Wanted([KIND]), after, size), ("getFeeds", PRO), machine_now())
        assert refused(await selling.get(FEEDS, nextToken=forged)) == (400, "InvalidInput", "invalid_value")
    assert refused(await selling.get(FEEDS, feedTypes=KIND, pageSize=101))[0] == 400
