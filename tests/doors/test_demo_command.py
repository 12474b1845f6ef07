"""`tradepost demo`: the story comes out as told."""

import re
from pathlib import Path

import pytest

from tests.conftest import TestServer
from tests.doors.command_line import CommandLine, one_sentence, run
from tradepost.doors.cli.demo_story import STORY, Ships
from tradepost.doors.cli.words import HAPPENED
from tradepost.lifecycle import Act


async def test_the_demo_ends_as_the_story_says(data_folder: Path) -> None:
    done = await run("demo", "--data", data_folder, PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert "This is not what the story says." not in done.out
    assert "found nothing." in done.out
    assert "\x1b" not in done.out
    for act in Act:
        assert HAPPENED[act] in done.out, act
    for line in (
        "Subject: Your order",
        "Subject: 已售出",
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
    scenes = [scene for chapter in STORY for scene in chapter.scenes]
    (scene,) = [scene for scene in scenes if isinstance(scene.deed, Ships) and scene.deed.order == "L1"]
    monkeypatch.setitem(scene.__dict__, "no", None)
    done = await tradepost("demo", "--data", data_folder)
    assert done.code == 1
    assert done.out.count("This is not what the story says.") == 1
