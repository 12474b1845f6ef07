"""`tradepost applications`: the programs that act for sellers through the Selling Partner API."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from tradepost.access import applications as access
from tradepost.access.applications import Application
from tradepost.doors.cli.house import HERE, Where, marketplace_zone, open_house
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.moments import duration, shown
from tradepost.ground.clock import machine_now

PAGE = 1000

applications = App(
    name="applications",
    help="Register and list programs that act for sellers through the Selling Partner API.",
    help_epilogue="Secrets and refresh tokens are shown once, when they are made: Tradepost keeps only their SHA-256.",
)

ClientId = Annotated[str, Parameter(metavar="CLIENT_ID")]
SellerId = Annotated[str, Parameter(metavar="SELLER")]


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
async def authorize(client_id: ClientId, seller: SellerId, /, *, where: Where = HERE) -> int:
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
async def end(client_id: ClientId, seller: SellerId, /, *, where: Where = HERE) -> int:
    """Let an application act for a seller no more.

    Servers that know its tokens notice within seconds. Exit codes: 0 ended; 1 the
    application does not act for this seller.

    Parameters
    ----------
    client_id
        The application, from tradepost applications list.
    seller
        The id of the seller.
    """
    async with open_house(where) as house:
        await house.database.run(lambda tx: access.end_authorization(tx, client_id, seller))
    print(f"{client_id} acts for {seller} no more.")
    return 0


@applications.command
async def rotate(client_id: ClientId, /, *, grace: str = "7d", where: Where = HERE) -> int:
    """Give an application a new secret, and print client id and secret, a line each.

    For example:
      tradepost applications rotate CLIENT_ID --grace 0s    # after a leak

    Exit codes: 0 made; 1 there is no such application, or the secret before the
    last one still opens.

    Parameters
    ----------
    client_id
        The application, from tradepost applications list.
    grace
        For how long the old secret still opens, so that it can be replaced where it
        is used; 0s ends every earlier one.
    """
    span = duration(grace)
    if span is None:
        raise Mistake(f"{grace} is not a duration such as 30m, 24h or 7d.")
    async with open_house(where) as house:
        made = await house.database.run(lambda tx: access.rotate_secret(tx, client_id, span))
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
