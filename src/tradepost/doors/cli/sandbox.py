"""`tradepost sandbox`: a marketplace to test sellers' software against, under a clock that can be moved."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from tradepost import timekeeping
from tradepost.doors.cli.house import HERE, Where, empty_house
from tradepost.doors.cli.moments import moment
from tradepost.doors.cli.sandbox_exec import exec_
from tradepost.doors.cli.sandbox_file import credentials_file, may_write, written
from tradepost.doors.cli.sandbox_market import furnish
from tradepost.doors.cli.serve import reserved, serve_house, url_of
from tradepost.doors.serving import logs
from tradepost.doors.serving.handover import Handover
from tradepost.ground.clock import machine_now

TERMS = (
    ("TRADEPOST_SELLER_API_PLANS", "generous"),
    ("TRADEPOST_SELLER_API_SETTLING", "0"),
    ("TRADEPOST_WEBHOOKS_PRIVATE", "yes"),  # the program that is tested listens on this machine
)

sandbox = App(name="sandbox")


sandbox.command(exec_, name="exec")


@sandbox.default
async def start(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 8000,
    credentials: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    at: Annotated[str | None, Parameter(metavar="TIME")] = None,
    frozen: Annotated[bool, Parameter(negative="")] = False,
    log: logs.Form | None = None,
    log_requests: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
) -> int:
    """Serve a new marketplace with two sellers, a buyer and offers, until interrupted.

    It speaks the Selling Partner API. The file that it writes says where, and has
    the keys and tokens of everybody in it. Usage plans are generous, orders can be
    asked for up to this moment, and webhooks may be at http and on this machine.
    All of it is gone at the end, unless a --database is named, which has to be
    empty.

    For example:
      tradepost sandbox --credentials sandbox.json
      tradepost sandbox exec -- python my_program.py

    Exit codes: 0 stopped by SIGINT (Ctrl-C) or SIGTERM; 1 the server ended by
    itself; 2 it could not begin.

    Parameters
    ----------
    host
        The address to listen at.
    port
        The port to listen at; 0 takes a free one.
    credentials
        The file for keys and tokens; by default sandbox.json in the data folder.
    at
        When it begins; by default now.
    frozen
        The clock stands still until it is moved; otherwise it goes on as yours does.
    log
        The log as lines for people or as JSON; by default for people on a terminal.
    log_requests
        Write a line for every request, and not only for those that fail here.
    """
    form = logs.chosen(log)
    logs.to_stderr(form)
    begins = moment(at, "UTC") if at else machine_now()
    file = (credentials or credentials_file(where)).absolute()
    await may_write(file)
    with reserved(host, port) as place:
        async with empty_house(where, keep=False) as empty:
            house = replace(empty, settings=replace(empty.settings, webhooks_private=True))
            await timekeeping.simulate(house.database, begins, ticking=not frozen)
            made = await house.database.run(lambda tx: furnish(tx, tx.now))
            endpoint = url_of(place)

            def announce() -> None:
                print(_WELCOME.format(endpoint=endpoint, file=file), file=sys.stderr, flush=True)

            handover = Handover(house.url, form, log_requests, settings=TERMS)
            with written(file, endpoint, made):
                return await serve_house(house, place, 1, handover, announce)


_WELCOME = """
The sandbox is at {endpoint}; keys and tokens are in {file}.

  An order in any state   POST {endpoint}/api/v1/sandbox/orders   {{"seller_id": "A1SANDBOXPRO", "state": "unshipped"}}
  What happens next       GET  {endpoint}/api/v1/sandbox/next
  Move the clock there    POST {endpoint}/api/v1/sandbox/next

These want the operator's key: `Authorization: Bearer tp_operator_...`. Everything else: {endpoint}/api/v1/
Stop it with Ctrl-C.
"""
