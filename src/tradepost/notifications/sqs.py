"""Queues of Amazon SQS: up to ten notifications a call, and what came of each.

Credentials and endpoint are the usual AWS_ variables; region, account and name come from a queue's ARN. What SQS says
is told by its codes alone: its sentences may hold what is nobody's business.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from tradepost.webhooks.network import Answer

MOST_MESSAGES = 10  # a call takes
MOST_BYTES = 256 * 1024  # of all messages of a call; what is longer goes by itself, and SQS decides
_SECONDS = 15
_CONNECT_SECONDS = 5
_SECONDS_IN_ALL = 40  # with the address of the queue and the credentials asked for: less than a lease
_CONNECTIONS = 256  # of all lanes in a region: none waits for the answers of another
FIFO = ".fifo"  # what the names of queues that keep the order end with
_GROUP = re.compile(r"[!-~]{1,128}")
_CODE = re.compile(r"[A-Za-z0-9.]{1,100}")


class Letter(NamedTuple):
    """A notification on its way to a queue. In a FIFO queue those of a subject are a group, and the name, which is
    that of every repeat, keeps a repeat out."""

    name: str
    subject: str
    body: bytes


class Queues:
    """The clients of SQS that are open, one for each region, and the addresses of the queues that were looked up.

    They share what they read about SQS: another region, though anybody may name one, costs some 100 KB.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._opening = asyncio.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._urls: dict[str, str] = {}

    async def send(self, arn: str, letters: Sequence[Letter]) -> list[Answer]:
        """Send up to ten letters to a queue in one call; what came of each, in their order. Nothing is raised for what
        the other side does."""
        from botocore.exceptions import BotoCoreError, ClientError

        *_, region, account, queue = arn.split(":")
        entries = [_entry(number, one, fifo=queue.endswith(FIFO)) for number, one in enumerate(letters)]
        try:
            async with asyncio.timeout(_SECONDS_IN_ALL):
                client = await self._client(region)
                if arn not in self._urls:
                    found = await client.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)
                    self._urls[arn] = found["QueueUrl"]
                said = await client.send_message_batch(QueueUrl=self._urls[arn], Entries=entries)
        except ClientError as error:
            self._urls.pop(arn, None)  # it may have been made anew
            return [_refused(error.response.get("Error", {}).get("Code"))] * len(letters)
        except (BotoCoreError, OSError, ValueError) as error:  # no credentials, no connection, no answer in time
            return [Answer(error=f"SQS was not reached ({type(error).__name__}).")] * len(letters)
        refused = {int(one["Id"]): _refused(one.get("Code")) for one in said.get("Failed", ())}
        arrived = {int(one["Id"]) for one in said.get("Successful", ())}
        nothing = Answer(error="SQS did not say what became of it.")
        return [Answer() if n in arrived else refused.get(n, nothing) for n in range(len(letters))]

    async def _client(self, region: str) -> Any:
        async with self._opening:
            if region not in self._clients:
                self._clients[region] = await self._stack.enter_async_context(self._opened(region))
        return self._clients[region]

    def _opened(self, region: str) -> Any:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        self._session = self._session or get_session()
        config = AioConfig(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_SECONDS,
            max_pool_connections=_CONNECTIONS,
            retries={"total_max_attempts": 1},  # the queue of notifications has its own
        )
        return self._session.create_client("sqs", region_name=region, config=config)


@asynccontextmanager
async def queues() -> AsyncIterator[Queues]:
    """SQS until the block ends. Its library, which takes long to load, is loaded when something is sent."""
    async with AsyncExitStack() as stack:
        yield Queues(stack)


def in_calls(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Letters in as many calls as they need, in their order."""
    calls: list[list[Letter]] = []
    size = 0
    for letter in letters:
        size += len(letter.body)
        if not calls or len(calls[-1]) == MOST_MESSAGES or size > MOST_BYTES:
            calls.append([])
            size = len(letter.body)
        calls[-1].append(letter)
    return calls


def _entry(number: int, letter: Letter, *, fifo: bool) -> dict[str, Any]:
    entry = {"Id": str(number), "MessageBody": letter.body.decode()}
    if fifo:
        entry |= {"MessageGroupId": _group(letter.subject), "MessageDeduplicationId": letter.name}
    return entry


def _group(subject: str) -> str:
    """A subject under a name that SQS takes: SKUs may hold any characters."""
    return subject if _GROUP.fullmatch(subject) else sha256(subject.encode()).hexdigest()


def _refused(code: object) -> Answer:
    known = code if isinstance(code, str) and _CODE.fullmatch(code) else "without a code"
    return Answer(error=f"SQS refused it ({known}).")
