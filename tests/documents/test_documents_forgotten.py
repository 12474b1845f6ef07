"""Documents whose time is over: refused at once by the business clock, and deleted once nobody can be with them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.serving import eventually
from tests.feeds.mill_race import Feeds
from tests.rooms.uploaded_files import row, table
from tests.scene import MARKET, PRO, Scene
from tradepost.documents import documents, forgetting, records
from tradepost.doors.worker.work import work
from tradepost.feeds import feeds as feeds_asked
from tradepost.ground.storage import Storage, StorageUnavailable
from tradepost.jobs.jobs import KEPT
from tradepost.lifecycle import State
from tradepost.notices.mailbox import Mailbox
from tradepost.refusals import Reason, Refused
from tradepost.report_requests import kinds, making, requests
from tradepost.report_requests.requests import NewReport
from tradepost.sentences import SENTENCES

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTINGS, ORDERS = "GET_MERCHANT_LISTINGS_ALL_DATA", "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING"
ALL_KEPT = documents.KEPT, kinds.A_MONTH, kinds.A_QUARTER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where documents lie."""
    return tmp_path / "documents"


@pytest.fixture
def feeds(scene: Scene, folder: Path) -> Feeds:
    return Feeds(scene, Storage.at(str(folder)))


@pytest.fixture
def written_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock does not leap: no document is being written any more."""
    monkeypatch.setattr(forgetting, "LONGEST_WRITE", -HOUR)


async def forget(feeds: Feeds) -> int:
    return await forgetting.forget(feeds.scene.database, feeds.storage)


async def known(scene: Scene) -> list[str]:
    return sorted(found[0] for found in await scene.rows("SELECT document_id FROM documents"))


def lying(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def found(scene: Scene, document_id: str, purpose: str = documents.FEED) -> bool:
    try:
        await scene.database.run(lambda tx: documents.find(tx, PRO, document_id, purpose))
    except Refused as no:
        return no.refusal.reason is not Reason.DOCUMENT_NOT_FOUND
    return True


async def report(feeds: Feeds, kind: str) -> str:
    """A report that was made; its document."""
    scene = feeds.scene
    report_id = await scene.database.run(lambda tx: requests.create(tx, NewReport(PRO, kind, [MARKET], {})))
    while taken := await making.take(scene.database):
        await making.go_on(scene.database, feeds.storage, taken, asyncio.Event())
    made = await scene.database.run(lambda tx: requests.find(tx, PRO, report_id))
    assert made.document_id
    return made.document_id


@pytest.mark.usefixtures("written_long_ago")
async def test_a_document_is_refused_when_its_time_is_over_and_deleted_a_day_later(
    feeds: Feeds, scene: Scene, folder: Path
) -> None:
    document_id = await feeds.upload(b"content")
    await scene.advance(documents.KEPT - HOUR)
    assert await found(scene, document_id)
    await scene.advance(HOUR)
    assert not await found(scene, document_id)
    await scene.advance(DAY)
    assert (await forget(feeds), lying(folder)) == (0, [document_id])
    await scene.advance(HOUR)
    assert await forget(feeds) == 1
    assert (await known(scene), lying(folder)) == ([], [])


@pytest.mark.usefixtures("written_long_ago")
async def test_order_reports_are_kept_for_30_days_and_others_for_90(feeds: Feeds, scene: Scene) -> None:
    await scene.to_state(State.UNSHIPPED)
    orders, listings = await report(feeds, ORDERS), await report(feeds, LISTINGS)
    kept = []
    for days in (30, 60):
        await scene.advance(timedelta(days=days) - HOUR)
        kept.append([await found(scene, one, documents.REPORT) for one in (orders, listings)])
        await scene.advance(HOUR)
        kept.append([await found(scene, one, documents.REPORT) for one in (orders, listings)])
    assert kept == [[True, True], [False, True], [False, True], [False, False]]
    await scene.advance(2 * DAY)
    assert await forget(feeds) == 2


@pytest.mark.parametrize("language", [0, 1])
def test_the_refusal_says_how_long_documents_are_kept(language: int) -> None:
    sentence = SENTENCES[Reason.DOCUMENT_NOT_FOUND][language]
    assert [str(kept.days) in sentence for kept in ALL_KEPT] == [True] * 3


@pytest.mark.usefixtures("written_long_ago")
async def test_what_a_feed_waits_with_is_kept_for_as_long_as_it_waits(feeds: Feeds, scene: Scene) -> None:
    key = await scene.to_state(State.UNSHIPPED)
    feed_id = await feeds.create(table([row(key)]))
    idle = await feeds.upload(b"never named by a feed")
    await scene.set_clock(await scene.now() + 100 * DAY)  # no worker is there
    assert await forget(feeds) == 1
    assert idle not in await known(scene)
    await feeds.work()
    assert (await feeds.find(feed_id)).status == "DONE"
    assert await forget(feeds) == 1, "what it was read from; its report is young"
    assert (await feeds.find(feed_id)).result_id in await known(scene)


async def test_what_may_still_be_written_is_kept_through_a_leap(feeds: Feeds, scene: Scene, folder: Path) -> None:
    document_id = await feeds.upload(b"half of it")
    await scene.set_clock(await scene.now() + 100 * DAY)
    assert not await found(scene, document_id)
    assert (await forget(feeds), lying(folder)) == (0, [document_id])


@pytest.mark.usefixtures("written_long_ago")
async def test_what_was_never_uploaded_is_forgotten(feeds: Feeds, scene: Scene, folder: Path) -> None:
    await feeds.upload(None)
    await scene.advance(30 * DAY)
    assert await forget(feeds) == 1
    assert (await known(scene), lying(folder)) == ([], [])


@pytest.mark.usefixtures("written_long_ago")
async def test_who_dies_between_the_two_leaves_it_to_the_next_round(
    feeds: Feeds, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = await feeds.upload(b"content")
    await scene.advance(30 * DAY)

    async def dies(*arguments: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(records, "forget", dies)
        with pytest.raises(asyncio.CancelledError):
            await forget(feeds)
    assert (await known(scene), lying(folder)) == ([document_id], [])
    assert await forget(feeds) == 1
    assert await known(scene) == []


@pytest.mark.usefixtures("written_long_ago")
async def test_where_documents_lie_may_be_away(
    feeds: Feeds, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = await feeds.upload(b"content")
    await scene.advance(30 * DAY)

    async def away(*arguments: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(Storage, "delete", away)
        with pytest.raises(StorageUnavailable):
            await forget(feeds)
    assert (await known(scene), lying(folder)) == ([document_id], [document_id])
    assert await forget(feeds) == 1


@pytest.mark.usefixtures("written_long_ago")
async def test_some_are_deleted_at_a_time_those_first_that_ended_first(
    feeds: Feeds, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 3)
    for _ in range(7):
        last = await feeds.upload(b"content")
        await scene.advance(HOUR)
    young = await feeds.upload(b"young")
    await scene.advance(documents.KEPT + DAY)
    done = []
    while gone := await forget(feeds):
        done.append(gone)
        assert len(lying(folder)) == 8 - sum(done)
        assert (last in lying(folder)) is (sum(done) < 7)
    assert (done, lying(folder)) == ([3, 3, 1], [young])


@pytest.mark.usefixtures("written_long_ago")
async def test_many_workers_delete_what_is_over_together(feeds: Feeds, scene: Scene, folder: Path) -> None:
    for _ in range(20):
        await feeds.upload(b"content")
    await scene.advance(30 * DAY)
    await asyncio.gather(*(forget(feeds) for _ in range(5)))
    assert (await known(scene), lying(folder)) == ([], [])


@pytest.mark.usefixtures("written_long_ago")
async def test_a_worker_deletes_documents_and_forgets_feeds(
    feeds: Feeds, scene: Scene, folder: Path, tmp_path: Path
) -> None:
    await feeds.create(b"nothing")
    await feeds.work()
    await scene.advance(100 * DAY)
    stop = asyncio.Event()
    working = asyncio.create_task(work(scene.database, [], Mailbox(tmp_path / "mail"), stop, storage=feeds.storage))

    async def is_empty() -> bool:
        return not await known(scene) and not await scene.rows("SELECT 1 FROM feeds")

    await eventually(is_empty)
    stop.set()
    await working
    assert lying(folder) == []


async def test_feeds_and_reports_are_known_for_90_days_after_their_end(feeds: Feeds, scene: Scene) -> None:
    ended = await feeds.create(b"nothing")
    await feeds.work()
    await report(feeds, LISTINGS)
    waiting = await feeds.create(b"nothing")
    await scene.set_clock(await scene.now() + KEPT)
    assert [await scene.database.run(forget) for forget in (feeds_asked.forget, requests.forget)] == [0, 0]
    await scene.set_clock(await scene.now() + HOUR)
    assert [await scene.database.run(forget) for forget in (feeds_asked.forget, requests.forget)] == [1, 1]
    assert (await feeds.find(waiting)).status == "IN_QUEUE"
    with pytest.raises(Refused):
        await feeds.find(ended)
