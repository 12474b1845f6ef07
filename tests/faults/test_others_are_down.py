"""The mail server and a receiver of webhooks are down, silent or talk nonsense: orders go their way, and nothing that
is to be told is lost."""

from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from tests.faults.moody import Mood, Moody
from tests.faults.serving import PATIENCE_SECONDS, Shopping, Wish, buyers_with_keys, eventually, serving, shop, until
from tests.scene import LAMP, PRO, Scene
from tradepost.access.keys import Made, NewKey, Scope, make_keys
from tradepost.ground.database import Transaction
from tradepost.policy import Policy
from tradepost.webhooks.endpoints.endpoints import Wanted, open_endpoint

CHECKOUTS = 60
LONG_AGO = "2000-01-01T00:00:00Z"


def settings(moody: Moody, folder: Path) -> dict[str, str]:
    return {
        "TRADEPOST_DATA": str(folder),
        "TRADEPOST_SMTP_URL": f"smtp://127.0.0.1:{moody.mail_port}",
        "TRADEPOST_MAIL_FROM": "orders@example.com",
        "TRADEPOST_WEBHOOKS_PRIVATE": "yes",
    }


@pytest.mark.parametrize("mood", ["down", "silent", "nonsense"])
async def test_whoever_is_told_is_not_there_and_nothing_is_lost(
    scene: Scene, database_url: str, tmp_path: Path, mood: Mood
) -> None:
    moody = Moody()
    async with scene.database.transaction() as tx:
        await open_endpoint(tx, PRO, Wanted(moody.hooks_url), private=True)
    keys = await buyers_with_keys(scene, 10)
    wishes = [Wish(f"wish-{n}", keys[n % len(keys)], PRO, LAMP) for n in range(CHECKOUTS)]
    shopping = Shopping()
    async with serving("--database", database_url, **settings(moody, tmp_path)) as program:
        async with moody.being(mood):
            await shop(program.url, wishes[::2], shopping)
            await scene.set_clock(await scene.now() + Policy().hold)
            await eventually(lambda: _all_released(scene, CHECKOUTS // 2))
            await shop(program.url, wishes[1::2], shopping)  # after those who are to be told had their chance
            await eventually(lambda: _is_waiting(scene))
            await until(lambda: moody.callers > 1 or mood == "down")
        assert shopping.trouble == []
        assert (moody.letters, moody.messages) == ([], [])
        async with moody.being("well"):
            await scene.set_clock(await scene.now() + Policy().hold)
            await eventually(lambda: _all_released(scene, CHECKOUTS))
            await eventually(lambda: _all_is_told(scene))
        assert await program.stop() == 0
        assert program.logged("bug") == []
    await _everything_was_told(scene, moody)


async def test_what_is_refused_for_good_is_listed_and_sent_again(
    scene: Scene, database_url: str, tmp_path: Path
) -> None:
    moody = Moody(refused={"acme@example.com"})
    async with scene.database.transaction() as tx:
        (made,) = await make_keys(tx, [NewKey(Scope.OPERATOR)])
    assert isinstance(made, Made)
    await scene.pay_with("approve")
    await scene.set_clock(await scene.now() + Policy().hold)
    async with (
        moody.being("well"),
        serving("--database", database_url, **settings(moody, tmp_path)) as program,
        httpx.AsyncClient(base_url=f"{program.url}/api/v1/operator", timeout=PATIENCE_SECONDS) as operator,
    ):
        operator.headers["Authorization"] = f"Bearer {made.text}"
        listed: list[dict[str, object]] = []

        async def is_listed() -> bool:
            listed[:] = (await operator.get("/notices/undeliverable")).json()["items"]
            return bool(listed)

        await eventually(is_listed)
        assert [one["receiver"] for one in listed] == ["seller"]
        assert "550" in str(listed[0]["last_error"])
        moody.refused.clear()
        named = [{name: one[name] for name in ("seller_id", "notice_id")} for one in listed]
        answer = await operator.post("/notices/resend", json={"notices": named})
        assert (answer.status_code, answer.json()) == (200, {"queued": 1})
        await until(lambda: "acme@example.com" in [letter["To"] for letter in moody.letters])
        assert (await operator.get("/notices/undeliverable")).json()["items"] == []
        assert await program.stop() == 0


async def _all_released(scene: Scene, count: int) -> bool:
    rows = await scene.rows("SELECT count(*) FROM orders WHERE state = 'unshipped'")
    return bool(rows[0][0] == count)


async def _is_waiting(scene: Scene) -> bool:
    notices = await scene.rows("SELECT count(*) FROM notices WHERE status = 'queued'")
    messages = await scene.rows("SELECT count(*) FROM webhook_messages WHERE status = 'queued'")
    return bool(notices[0][0] and messages[0][0])


async def _all_is_told(scene: Scene) -> bool:
    """Whether nothing waits any more; and bring forward when what does is tried again."""

    async def look(tx: Transaction) -> bool:
        for table in ("notices", "webhook_messages"):
            await tx.execute(
                f"UPDATE {table} SET try_at = '{LONG_AGO}' WHERE status = 'queued' AND try_at > $1", tx.now
            )
        left = await tx.value(
            "SELECT (SELECT count(*) FROM notices WHERE status <> 'delivered')"
            " + (SELECT count(*) FROM webhook_messages WHERE status <> 'delivered')"
        )
        return bool(left == 0)

    return await scene.database.run(look)  # which begins again when it meets the couriers, who write the same rows


async def _everything_was_told(scene: Scene, moody: Moody) -> None:
    """Each notice and each event arrived; the events of an order in their order."""
    (count,) = (await scene.rows("SELECT count(*) FROM notices"))[0]
    assert len({letter["Message-ID"] for letter in moody.letters}) == count > CHECKOUTS
    heard = defaultdict(list)
    for message in moody.messages:
        numbers = heard[message["data"]["order_id"]]
        if message["data"]["number"] not in numbers:  # at least once
            numbers.append(message["data"]["number"])
    events = await scene.rows("SELECT order_id, max(number) FROM order_events GROUP BY order_id")
    assert heard == {order: list(range(1, last + 1)) for order, last in events}
