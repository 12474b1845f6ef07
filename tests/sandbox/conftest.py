"""The sandbox's routes are tested with the callers of the HTTP doors."""

from tests.http.conftest import api, framework

__all__ = ["api", "framework"]
