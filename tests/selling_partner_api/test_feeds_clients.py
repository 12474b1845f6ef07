"""Feeds as real clients send them, over a socket, with a worker beside the server."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.faults.serving import eventually
from tests.rooms.uploaded_files import packages, row, table
from tests.scene import MARKET, Scene
from tests.selling_partner_api.clients import Application, JavaScript, amazons_sdk, blocking, python_amazon_sp_api
from tradepost.doors.worker.work import work
from tradepost.ground.storage import Storage
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox

KIND = "POST_FLAT_FILE_FULFILLMENT_DATA"
TSV = "text/tab-separated-values; charset=UTF-8"


@pytest.fixture
async def worker(scene: Scene, storage: Storage, tmp_path: Path) -> AsyncIterator[None]:
    """A worker on the scene's database, until the end of the test."""
    stop = asyncio.Event()
    working = asyncio.create_task(work(scene.database, [], Mailbox(tmp_path / "mail"), stop, storage=storage))
    yield
    stop.set()
    await working


async def until_through(feeds: Any, feed_id: str) -> dict[str, Any]:
    """Poll a feed until it has ended."""
    found: dict[str, Any] = {}

    async def through() -> bool:
        found.update((await blocking(feeds.get_feed, feed_id)).payload)
        return found["processingStatus"] not in ("IN_QUEUE", "IN_PROGRESS")

    await eventually(through)
    return found


@pytest.mark.usefixtures("worker")
async def test_python_amazon_sp_api_submits_a_file_and_reads_its_report(
    running: str, application: Application, scene: Scene
) -> None:
    from sp_api.api import Feeds

    feeds = Feeds(**python_amazon_sp_api(running, application, MARKET))
    keys = await scene.to_states([State.UNSHIPPED] * 2)
    file = BytesIO(table([row(keys[0]), row(keys[1], name="Kuriershop Jürgen", carrier="Other"), row("1-2-3")]))
    _, created = await blocking(feeds.submit_feed, KIND, file, TSV, marketplaceIds=[MARKET])
    done = await until_through(feeds, created.payload["feedId"])
    assert done["processingStatus"] == "DONE"
    report = await blocking(feeds.get_feed_result_document, done["resultFeedDocumentId"])
    assert report.splitlines()[1:3] == [
        "\tNumber of records processed\t\t3",
        "\tNumber of records successful\t\t2",
    ]
    assert report.splitlines()[5].split("\t")[:5] == ["3", "1-2-3", "", "18028", "Error"]
    assert [await scene.state(key) for key in keys] == [State.SHIPPED] * 2


@pytest.mark.usefixtures("worker")
async def test_ten_clients_at_once_upload_the_same_file_and_one_of_them_applies_it(
    running: str, application: Application, scene: Scene
) -> None:
    from sp_api.api import Feeds

    keys = await scene.to_states([State.UNSHIPPED] * 5)
    file = table([row(key) for key in keys])
    clients = [Feeds(**python_amazon_sp_api(running, application, MARKET)) for _ in range(10)]
    submitted = [blocking(one.submit_feed, KIND, BytesIO(file), TSV, marketplaceIds=[MARKET]) for one in clients]
    made = [created.payload["feedId"] for _, created in await asyncio.gather(*submitted)]
    assert len(set(made)) == 10
    polled = (until_through(one, feed_id) for one, feed_id in zip(clients, made, strict=True))
    statuses = [done["processingStatus"] for done in await asyncio.gather(*polled)]
    assert sorted(statuses) == ["DONE", *["FATAL"] * 9]
    assert [len(await packages(scene, key)) for key in keys] == [1] * 5
    confirmed = "SELECT count(*) FROM order_events WHERE act = 'confirm_shipment'"
    assert await scene.rows(confirmed) == [(5,)]


@pytest.mark.usefixtures("worker")
async def test_text_is_uploaded_as_python_amazon_sp_api_encodes_it(
    running: str, application: Application, scene: Scene
) -> None:
    """Text goes out in ISO-8859-1, whatever the type says of it."""
    from sp_api.api import Feeds

    feeds = Feeds(**python_amazon_sp_api(running, application, MARKET))
    key = await scene.to_state(State.UNSHIPPED)
    file = StringIO(table([row(key, carrier="Other", name="Jürgen")]).decode())
    _, created = await blocking(feeds.submit_feed, KIND, file, TSV, marketplaceIds=[MARKET])
    await until_through(feeds, created.payload["feedId"])
    (name,) = await scene.rows("SELECT carrier_name FROM packages WHERE order_id = $1", key.order_id)
    assert name[0] == "Jürgen"


async def test_python_amazon_sp_api_lists_and_cancels_feeds(
    running: str, application: Application, scene: Scene
) -> None:
    from sp_api.api import Feeds
    from sp_api.base import SellingApiBadRequestException

    feeds = Feeds(**python_amazon_sp_api(running, application, MARKET))
    made = []
    for _ in range(3):
        _, created = await blocking(feeds.submit_feed, KIND, BytesIO(b"x"), TSV, marketplaceIds=[MARKET])
        made.append(created.payload["feedId"])
    first = await blocking(feeds.get_feeds, feedTypes=[KIND], pageSize=2)
    assert [feed["feedId"] for feed in first.payload["feeds"]] == made[:0:-1]
    second = await blocking(feeds.get_feeds, nextToken=first.next_token)
    assert [feed["feedId"] for feed in second.payload["feeds"]] == made[:1]
    await blocking(feeds.cancel_feed, made[0])
    assert (await blocking(feeds.get_feed, made[0])).payload["processingStatus"] == "CANCELLED"
    with pytest.raises(SellingApiBadRequestException):
        await blocking(feeds.cancel_feed, made[0])


@pytest.mark.usefixtures("worker")
async def test_npms_amazon_sp_api_uploads_and_downloads(
    running: str, application: Application, scene: Scene, javascript: JavaScript
) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    script = """
        const endpoint = 'feeds', options = {version: '2021-06-30'}
        const contentType = 'text/tab-separated-values; charset=UTF-8'
        const ask = (operation, more) => sp.callAPI({operation, endpoint, options, ...more})
        const document = await ask('createFeedDocument', {body: {contentType}})
        await sp.upload(document, {content: given.content, contentType})
        const inputFeedDocumentId = document.feedDocumentId
        const body = {feedType: given.kind, marketplaceIds: [given.market], inputFeedDocumentId}
        const {feedId} = await ask('createFeed', {body})
        let feed
        do { feed = await ask('getFeed', {path: {feedId}}) } while (!feed.resultFeedDocumentId)
        const result = await ask('getFeedDocument', {path: {feedDocumentId: feed.resultFeedDocumentId}})
        return {status: feed.processingStatus, report: await sp.download(result, {charset: 'utf-8'})}
    """
    given = {"content": table([row(key)]).decode(), "kind": KIND, "market": MARKET}
    found = await javascript.run(running, application, script, **given)
    assert found["status"] == "DONE"
    assert "successful\t\t1" in found["report"]
    assert await scene.state(key) is State.SHIPPED


@pytest.mark.usefixtures("worker")
async def test_amazons_sdk_does_the_same(running: str, application: Application, scene: Scene) -> None:
    import httpx
    from spapi.api.feeds_v2021_06_30.feeds_api import FeedsApi
    from spapi.models.feeds_v2021_06_30 import CreateFeedDocumentSpecification, CreateFeedSpecification

    feeds = FeedsApi(await blocking(amazons_sdk, running, application))
    key = await scene.to_state(State.UNSHIPPED)
    document = await blocking(feeds.create_feed_document, CreateFeedDocumentSpecification(content_type=TSV))
    async with httpx.AsyncClient(timeout=120) as client:
        answer = await client.put(document.url, content=table([row(key)]), headers={"content-type": TSV})
        assert answer.status_code == 200
        created = await blocking(
            feeds.create_feed,
            CreateFeedSpecification(
                feed_type=KIND, marketplace_ids=[MARKET], input_feed_document_id=document.feed_document_id
            ),
        )
        found: Any = None

        async def through() -> bool:
            nonlocal found
            found = await blocking(feeds.get_feed, created.feed_id)
            return found.processing_status == "DONE"

        await eventually(through)
        result = await blocking(feeds.get_feed_document, found.result_feed_document_id)
        assert "successful\t\t1" in (await client.get(result.url)).text
    assert [package[1] for package in await packages(scene, key)] == ["UPS"]
