"""A market, a receiver of webhooks, and a server that speaks SQS, which is empty for every test."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiobotocore.session import get_session
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.sqs import sqs_backends

from tests.notifications.listening import ACCOUNT, REGION, Listening
from tests.scene import Scene
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.waits import long_waits

__all__ = ["long_waits"]  # a fixture


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a while is nobody who does not answer. It is less than a lease."""
    monkeypatch.setattr("tradepost.webhooks.network.TIME_LIMIT_SECONDS", 50)
    for limit in ("_SECONDS", "_CONNECT_SECONDS"):
        monkeypatch.setattr(f"tradepost.notifications.sqs.{limit}", 50)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a server that speaks SQS, in a thread of this process."""
    assert DEFAULT_ACCOUNT_ID == ACCOUNT
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def sqs(moto: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A client of that server, to which the AWS_ variables lead everybody in this process."""
    for name, value in {
        "AWS_ENDPOINT_URL_SQS": moto,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "not to be seen",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    sqs_backends[ACCOUNT][REGION].reset()
    async with get_session().create_client("sqs", region_name=REGION) as client:
        yield client


@pytest.fixture
async def listening(scene: Scene, sqs: Any) -> Listening:
    return Listening(scene, sqs)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened
