"""How a report that is a file goes out: in pieces, so that memory stays flat however long it is."""

from collections.abc import Awaitable, Callable

Write = Callable[[bytes], Awaitable[None]]
"""Takes the next piece of a file; the report goes on when it was taken."""
