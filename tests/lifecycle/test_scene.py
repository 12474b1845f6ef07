"""The scene that the other tests stand on."""

import pytest

from tests.scene import Scene
from tradepost.lifecycle import State


@pytest.mark.parametrize("state", State)
async def test_an_order_can_be_carried_into_every_state(scene: Scene, state: State) -> None:
    key = await scene.to_state(state)
    assert await scene.state(key) is state


async def test_orders_are_carried_into_many_states_at_once(scene: Scene) -> None:
    wanted = [*State, *reversed(State)]
    keys = await scene.to_states(wanted)
    assert [await scene.state(key) for key in keys] == wanted
