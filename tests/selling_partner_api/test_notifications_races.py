"""Applications that make destinations and subscriptions at once: there is one of each, and nobody hangs in the air."""

import asyncio

import pytest

from tests.races.meeting import meet_at_applications
from tests.scene import Scene
from tests.selling_partner_api.clients import Selling
from tests.selling_partner_api.notification_words import (
    ARN,
    DESTINATIONS,
    SUBSCRIPTIONS,
    destination,
    payload,
    queue,
    subscribed,
)


@pytest.fixture
async def itself(selling: Selling) -> Selling:
    """The application that acts for Acme, with its own token."""
    return await selling.itself()


async def test_of_two_that_subscribe_at_once_one_is_told_that_there_is_one(selling: Selling, itself: Selling) -> None:
    destination_id = await destination(itself)
    answers = await asyncio.gather(*(subscribed(selling, destination_id) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (made,) = [payload(answer) for answer in answers if answer.status_code == 200]
    assert payload(await selling.get(f"{SUBSCRIPTIONS}/ORDER_CHANGE")) == made


async def test_of_two_that_make_a_destination_at_once_one_is_told_that_there_is_one(
    itself: Selling, scene: Scene
) -> None:
    answers = await meet_at_applications(scene, *[lambda: itself.post(DESTINATIONS, queue())] * 2)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert len(payload(await itself.get(DESTINATIONS))) == 1


async def test_whoever_subscribes_while_a_destination_is_deleted_has_it_or_is_refused(
    selling: Selling, itself: Selling
) -> None:
    for number in range(8):
        destination_id = await destination(itself, queue(f"{ARN}-{number}"))
        deleting, subscribing = itself.delete(f"{DESTINATIONS}/{destination_id}"), subscribed(selling, destination_id)
        deleted, made = await asyncio.gather(deleting, subscribing)
        assert (deleted.status_code, made.status_code) in ((200, 404), (409, 200))
        if made.status_code == 200:
            await selling.delete(f"{SUBSCRIPTIONS}/ORDER_CHANGE/{payload(made)['subscriptionId']}")
