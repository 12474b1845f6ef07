"""Waits that no slow machine sits through."""

from datetime import timedelta

import pytest

from tradepost.webhooks.attempts import WAITS


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has failed is not due again before the test is over, unless somebody makes it so."""
    monkeypatch.setattr("tradepost.webhooks.attempts.WAITS", (timedelta(hours=1),) * len(WAITS))
