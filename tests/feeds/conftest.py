"""Feeds of Acme, put into the queue and worked on in this process."""

from pathlib import Path

import pytest

from tests.feeds.mill_race import Feeds
from tests.scene import Scene
from tradepost.ground.storage import Storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where documents lie."""
    return tmp_path / "documents"


@pytest.fixture
def feeds(scene: Scene, folder: Path) -> Feeds:
    """The feeds of the scene's sellers."""
    return Feeds(scene, Storage.at(str(folder)))
