"""`tradepost applications`: the programs that act for sellers through the Selling Partner API."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from tradepost.access import applications as access
from tradepost.access.applications import Application
from tradepost.doors.cli.house import HERE, Where, marketplace_zone, open_house
from tradepost.doors.cli.moments import shown
from tradepost.ground.clock import machine_now

PAGE = 1000

applications = App(
    name="applications",
    help="Register and list programs that act for sellers through the Selling Partner API.",
    help_epilogue="Secrets and refresh tokens are shown once, when they are made: Tradepost keeps only their SHA-256.",
)

ClientId = Annotated[str, Parameter(metavar="CLIENT_ID")]


@applications.command
async def register(name: Annotated[str, Parameter(metavar="NAME")], /, *, where: Where = HERE) -> int:
    """Register an application, and print its client id and its secret, a line each.

    For example:
      tradepost applications register "Order tool"

    Exit code: 0.

    Parameters
    ----------
    name
        What sellers know it by.
    """
    async with open_house(where) as house:
        made = await house.database.run(lambda tx: access.register(tx, name))
    return _tell(made.client_id, made.client_secret)


@applications.command
async def authorize(
    client_id: ClientId, seller: Annotated[str, Parameter(metavar="SELLER")], /, *, where: Where = HERE
) -> int:
    """Let an application act for a seller, and print the refresh token that it needs.

    One that was printed before ends. Exit codes: 0 authorized; 1 there is no such
    application or seller.

    Parameters
    ----------
    client_id
        The application, from tradepost applications list.
    seller
        The id of the seller.
    """
    async with open_house(where) as house:
        token = await house.database.run(lambda tx: access.authorize(tx, client_id, seller))
    return _tell(token)


@applications.command
async def rotate(client_id: ClientId, /, *, where: Where = HERE) -> int:
    """Give an application a new secret, and print client id and secret, a line each.

    The secret before opens for seven more days. Exit codes: 0 made; 1 there is no
    such application.

    Parameters
    ----------
    client_id
        The application, from tradepost applications list.
    """
    async with open_house(where) as house:
        made = await house.database.run(lambda tx: access.rotate_secret(tx, client_id))
    return _tell(made.client_id, made.client_secret)


@applications.command(name="list")
async def list_applications(*, where: Where = HERE) -> int:
    """List applications by their client ids, never their secrets.

    Exit code: 0.
    """
    async with open_house(where) as house, house.database.transaction() as tx:
        zone, after = await marketplace_zone(tx), ""
        while found := await access.applications(tx, after, PAGE):
            for one in found:
                print(_line(one, zone))
                after = one.client_id
    return 0


def _tell(*lines: str) -> int:
    """What was made alone on the standard output, for scripts; what else there is to say beside it."""
    print(*lines, sep="\n")
    print("Keep it: it is shown only now.", file=sys.stderr)
    return 0


def _line(one: Application, zone: str) -> str:
    until = one.old_secret_until
    old = f"old secret until {shown(until, zone)}" if until and until > machine_now() else ""
    return "  ".join(filter(None, (one.client_id, f"made {shown(one.made_at, zone)}", old, one.name)))
