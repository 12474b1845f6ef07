"""`tradepost demo`: the story comes out as told, and `lifecycle` prints the table."""

import re
from pathlib import Path

import pytest

from tests.conftest import TestServer
from tests.doors.command_line import CommandLine, one_sentence, run
from tradepost.doors.cli import lifecycle_print
from tradepost.doors.cli.demo_story import STORY, Ships
from tradepost.doors.cli.words import HAPPENED
from tradepost.lifecycle import ACTS, CELLS, Act, State
from tradepost.policy import Policy


async def test_the_demo_ends_as_the_story_says(data_folder: Path) -> None:
    done = await run("demo", "--data", data_folder)
    assert (done.code, done.err) == (0, "")
    assert "This is not what the story says." not in done.out
    assert "found nothing." in done.out
    assert "\x1b" not in done.out
    for act in Act:
        assert HAPPENED[act] in done.out, act
    for line in (
        "Subject: Your order",
        "Subject: 已售出，请立即发货",
        "Feed Processing Summary",
        "Unshipped Orders report",
    ):
        assert line in done.out
    assert "Market Street" not in done.out


async def test_a_demo_that_is_kept_can_be_explored(
    tradepost: CommandLine, server: TestServer, data_folder: Path
) -> None:
    url = await server.make("template0")
    try:
        done = await tradepost("demo", "--keep", "--database", url)
        assert done.code == 0
        tried = re.findall(r"^  tradepost (.+)$", done.out, re.MULTILINE)
        assert len(tried) == 5
        for words in tried:
            assert (await tradepost(*words.split(), "--database", url)).code == 0, words
        assert "is not empty" in one_sentence(await tradepost("demo", "--keep", "--database", url))
    finally:
        await server.drop(url)


async def test_a_story_that_comes_out_otherwise_is_told(
    tradepost: CommandLine, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scene,) = [
        scene for chapter in STORY for scene in chapter.scenes if scene.deed == Ships("L1", "UPS", "1Z999AA10123456784")
    ]
    monkeypatch.setitem(scene.__dict__, "no", None)
    done = await tradepost("demo", "--data", data_folder)
    assert done.code == 1
    assert done.out.count("This is not what the story says.") == 1


def test_the_diagram_shows_every_way_of_the_table() -> None:
    diagram = lifecycle_print.diagram(Policy())
    parts = dict(zip(State, diagram.split("\n\n")[1:], strict=True))
    for state, part in parts.items():
        assert part.startswith(f"{state} ({state.status}): {state.meaning}")
        shown = re.findall(r"^  [├└]─ (\w+)", part, re.MULTILINE)
        assert sorted(shown) == sorted(act for source, act in CELLS if source is state)


def test_the_ways_of_the_diagram_are_those_of_the_table() -> None:
    drawn = re.findall(r"(\w+) --> (\w+): (.+)", lifecycle_print.mermaid())
    for source, target, acts in drawn:
        for act in acts.split(", "):
            assert State(target) in CELLS[State(source), Act(act)].targets
    ways = {(source, act) for source, _, acts in drawn for act in acts.split(", ")}
    assert ways == {(str(source), str(act)) for (source, act), row in CELLS.items() if row.targets}


def test_the_page_holds_the_whole_table() -> None:
    page = lifecycle_print.markdown(Policy(confirm_days=25, remind_days=5))
    for row in ACTS:
        assert f"| {row.act} |" in page
        for _, notice in row.tells:
            assert notice in page
    assert "5 days before the confirm-by deadline" in page
    assert "25 calendar days" in page


async def test_lifecycle_prints(tradepost: CommandLine) -> None:
    done = await tradepost("lifecycle")
    assert (done.code, done.err) == (0, "")
    assert lifecycle_print.diagram(Policy()) in done.out
    assert (await tradepost("lifecycle", "--format", "markdown")).out == lifecycle_print.markdown(Policy())
    assert (await tradepost("lifecycle", "--format", "diagram")).out == lifecycle_print.diagram(Policy())
