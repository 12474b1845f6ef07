"""The application without limits of how many requests a key may send, for tests that send as many as they can."""

from litestar.types import ASGIApp

from tradepost.access.keys import Scope
from tradepost.doors.http.limits import LIMITS
from tradepost.doors.serving import app, front


def make() -> ASGIApp:
    LIMITS.update(dict.fromkeys(Scope, (1e9, 1e9)))
    return app.make()


def patient() -> ASGIApp:
    """The same, which takes in a body that it has refused to the end of it, however slowly that comes."""
    front.BODY_SECONDS = front.DROPPING_SECONDS = 600.0
    return make()
