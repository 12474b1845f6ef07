"""`tradepost keys`: the keys of those who call the HTTP API."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from tradepost.access import keys as access
from tradepost.access import records
from tradepost.access.keys import Key, Made, NewKey, Scope, key_of
from tradepost.doors.cli.house import HERE, Where, marketplace_zone, open_house
from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.moments import duration, moment, shown
from tradepost.ground.clock import machine_now
from tradepost.refusals import Refused

PAGE = 1000

keys = App(
    name="keys",
    help="Make, list, rotate and end the keys of those who call the HTTP API.",
    help_epilogue="A key is shown once, when it is made: Tradepost keeps only its SHA-256.",
)

KeyId = Annotated[str, Parameter(metavar="KEY_ID")]
ScopeOfKey = Annotated[Scope, Parameter(name_transform=str.lower)]  # customer_service, as the API says it


@keys.command
async def make(
    *,
    scope: ScopeOfKey,
    subject: Annotated[str | None, Parameter(metavar="ID")] = None,
    name: str = "",
    until: Annotated[str | None, Parameter(metavar="TIME")] = None,
    where: Where = HERE,
) -> int:
    """Make a key, and print it.

    For example:
      tradepost keys make --scope operator
      tradepost keys make --scope seller --subject acme --until 2027-01-01

    Exit codes: 0 made; 1 there is no such buyer or seller.

    Parameters
    ----------
    scope
        What the key opens.
    subject
        The buyer or seller whose key it is; for the other scopes, nobody's.
    name
        What it is for, so that you know it again.
    until
        When it ends by itself: real time, also beside a simulated clock.
    """
    async with open_house(where) as house:
        async with house.database.transaction() as tx:
            ends_at = moment(until, await marketplace_zone(tx)) if until else None
        (made,) = await house.database.run(lambda tx: access.make_keys(tx, [NewKey(scope, subject, name, ends_at)]))
    if not isinstance(made, Made):
        raise Refused(made.reason, **made.facts)
    return _tell(made)


@keys.command(name="list")
async def list_keys(*, scope: ScopeOfKey | None = None, where: Where = HERE) -> int:
    """List keys by their ids, never the keys themselves.

    Exit code: 0.

    Parameters
    ----------
    scope
        Only keys of this scope.
    """
    async with open_house(where) as house, house.database.transaction() as tx:
        zone, after = await marketplace_zone(tx), ""
        while rows := await records.page(tx, scope, None, after, PAGE):
            for key in map(key_of, rows):
                print(_line(key, zone))
                after = key.key_id
    return 0


@keys.command
async def rotate(key_id: KeyId, /, *, grace: str = "24h", where: Where = HERE) -> int:
    """Make a key in the place of another, which goes on for a while, and print it.

    For example:
      tradepost keys rotate key_0123456789abcdef --grace 1h

    Exit codes: 0 made; 1 there is no such key.

    Parameters
    ----------
    key_id
        The id of the old key, from tradepost keys list.
    grace
        For how long the old one still opens, so that it can be replaced where it is used.
    """
    span = duration(grace)
    if span is None:
        raise Mistake(f"{grace} is not a duration such as 30m, 24h or 7d.")
    async with open_house(where) as house:
        made = await house.database.run(lambda tx: access.rotate(tx, key_id, span))
    return _tell(made)


@keys.command
async def end(key_id: KeyId, /, *, where: Where = HERE) -> int:
    """Let a key open nothing any more.

    Servers that know it notice within seconds. Exit codes: 0 ended; 1 there is no
    such key.

    Parameters
    ----------
    key_id
        The id of the key, from tradepost keys list.
    """
    async with open_house(where) as house:
        await house.database.run(lambda tx: access.end(tx, key_id))
    print(f"{key_id} has ended.")
    return 0


def _tell(made: Made) -> int:
    """The key alone on the standard output, for scripts; what else there is to say beside it."""
    print(made.text)
    print(f"Keep it: it is shown only now. Its id is {made.key.key_id}.", file=sys.stderr)
    return 0


def _line(key: Key, zone: str) -> str:
    end = "ended" if key.ends_at and key.ends_at <= machine_now() else "until"
    until = f"{end} {shown(key.ends_at, zone)}" if key.ends_at else "without an end"
    whose = f"{key.scope} {key.subject}" if key.subject else key.scope
    return "  ".join(filter(None, (key.key_id, whose, f"made {shown(key.made_at, zone)}", until, key.name)))
