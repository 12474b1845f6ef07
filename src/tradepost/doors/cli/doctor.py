"""`tradepost doctor`: whether what must be true of every database is true of this one."""

import sys

from rich.console import Console

from tradepost.doors.cli.house import HERE, Where, open_house
from tradepost.doors.cli.mistakes import NO
from tradepost.reports.doctor import Examination, examine


async def doctor(*, where: Where = HERE) -> int:
    """Check that what must be true of every database is true of this one.

    Stock is conserved and never negative; every unit is exactly one of unshipped,
    shipped, canceled; histories have no gap; every order's next deadline is the one
    that its state and policy demand; no seller's data is mixed with another's.
    Nothing is changed, and the marketplace may be at work meanwhile.

    Exit codes: 0 nothing was found; 1 violations were found, and are printed.
    """
    console = Console(stderr=True)
    async with open_house(where) as house, house.database.transaction() as tx:
        if sys.stderr.isatty():
            with console.status("checking") as status:
                examination = await examine(tx, progress=lambda name: status.update(f"checking {name}"))
        else:
            examination = await examine(tx)
    _print(examination)
    return 0 if examination.sound else NO


def _print(examination: Examination) -> None:
    for check in examination.checks:
        if check.found:
            print(f"{check.name}: {check.rule} {check.found:,} times it does not hold:")
        for violation in check.shown:
            print(f"  {violation.subject}: {violation.sentence}")
        if check.found > len(check.shown):
            print(f"  and {check.found - len(check.shown):,} more")
    counted = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in examination.counted.items())
    found = f"{examination.found:,} violations" if examination.found else "nothing wrong"
    print(f"{len(examination.checks)} checks of {counted}: {found}.")
