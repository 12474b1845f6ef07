"""How a page of a list is asked for."""

from typing import Annotated

from litestar.params import QueryParameter

from tradepost.doors.http.routes import MOST_ROWS

Limit = Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="The longest page that is wanted.")]
After = Annotated[
    str | None, QueryParameter(description="The `next` of the page before; without it the first page comes.")
]
