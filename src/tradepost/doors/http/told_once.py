"""Answers with a secret in them: told to the one who asked first, and to nobody again."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tradepost.doors.http.desk import Desk
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction


class WithSecret(NamedTuple):
    """The answer with the secret, and the one that is kept and said again."""

    now: Answer
    again: Answer


async def told_once(
    desk: Desk, work: Callable[[Transaction], Awaitable[WithSecret]], language: str, once: Once | None
) -> Answer:
    """Do what makes a secret, as `Desk.alone` does. Under an Idempotency-Key the answer is kept without the secret."""
    made: WithSecret | None = None

    async def keep_the_other(tx: Transaction) -> Answer:
        nonlocal made
        made = await work(tx)
        return made.again

    answer = await desk.alone(keep_the_other, language, once)
    # What was kept is another object: then the work was not done now, or was done and taken back.
    return made.now if made is not None and made.again is answer else answer
