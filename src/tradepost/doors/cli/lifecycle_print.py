"""`tradepost lifecycle`: the lifecycle table, printed for people. docs/lifecycle.md is what this prints as Markdown."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tradepost.deadlines import DEADLINES
from tradepost.doors.cli.moments import in_words
from tradepost.lifecycle import ACTS, CELLS, FINISHED, Act, Party, Row, State, Units, state_by_units
from tradepost.policy import Policy

WIDTH = 120  # where the output is no terminal

STATE_COLUMNS = ("state", "people see", "what it means")
ACT_COLUMNS = ("act", "from", "to", "by", "who is told", "units", "stock", "reason")
DEADLINE_COLUMNS = ("while", "the clock does", "when")

_HEAD = """\
# The lifecycle of an order

Printed by `tradepost lifecycle --format markdown` from the table that the program executes; do not edit it by hand.
The numbers are those of the default policy; every order keeps the policy that it was placed under.
"""

Format = Literal["text", "markdown", "diagram"]


def lifecycle(*, format: Format = "text") -> None:  # noqa: A002
    """Print what can happen to an order: its states, the acts and the deadlines.

    The program executes this very table, so it is true.

    For example:
      tradepost lifecycle
      tradepost lifecycle --format markdown > lifecycle.md

    Parameters
    ----------
    format
        Tables for the terminal, a Markdown page, or the diagram by itself.
    """
    if format == "text":
        _print_text(Policy())
    else:
        print(markdown(Policy()) if format == "markdown" else diagram(Policy()), end="")


def markdown(policy: Policy) -> str:
    """The whole page."""
    parts = (
        _HEAD,
        "## From checkout to shipped or canceled\n",
        f"```text\n{diagram(policy)}```\n",
        f"```mermaid\n{mermaid()}```\n",
        "## States\n",
        _markdown_table(STATE_COLUMNS, states()),
        "## Acts\n",
        "What is not in this table does not happen to an order: it is refused by name.\n",
        _markdown_table(ACT_COLUMNS, acts()),
        "## Deadlines\n",
        "They are true before a worker comes by: an act that comes later than a deadline is refused.\n",
        _markdown_table(DEADLINE_COLUMNS, deadlines(policy)),
    )
    return "\n".join(parts)


def diagram(policy: Policy) -> str:
    """The lifecycle as plain text: each state with the ways out of it."""
    lines = [f"{_parties(row)}: {row.act} ──▶ {', '.join(row.targets)}" for row in ACTS if not row.sources]
    for state in State:
        lines += ["", f"{state} ({state.status}): {state.meaning}"]
        lines += _ways_out(state, policy)
    return "\n".join(lines) + "\n"


def mermaid() -> str:
    """The lifecycle as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state}: {state.status} ({state})" for state in State]
    lines += [f"    [*] --> {target}: {row.act}" for row in ACTS if not row.sources for target in row.targets]
    labels: dict[tuple[State, State], list[str]] = {}
    for (source, act), row in CELLS.items():
        for target in _targets(source, row):
            labels.setdefault((source, target), []).append(act)
    lines += [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in labels.items()]
    lines += [f"    {state} --> [*]" for state in State if state in FINISHED]
    return "\n".join(lines) + "\n"


def states() -> list[Sequence[str]]:
    """One row per state."""
    return [(state, state.status, state.meaning) for state in State]


def acts() -> list[Sequence[str]]:
    """One row per act, in the order of the process."""
    return [
        (
            row.act,
            ", ".join(row.sources) or "(new)",
            ", ".join(row.targets) or "(stays)",
            _parties(row),
            "; ".join(f"{_name(party)}: {notice}" for party, notice in row.tells),
            str(row.units or ""),
            str(row.stock or ""),
            row.reason or "",
        )
        for row in ACTS
    ]


def deadlines(policy: Policy) -> list[Sequence[str]]:
    """One row per deadline, with the policy's numbers."""
    numbers = {
        "hold": _span(policy.hold),
        "verification_limit": _span(policy.verification_limit),
        "confirm_days": policy.confirm_days,
        "remind_days": policy.remind_days,
    }
    return [(deadline.state, deadline.act, deadline.when.format(**numbers)) for deadline in DEADLINES]


def _ways_out(state: State, policy: Policy) -> Iterator[str]:
    """The acts of a state: those that lead elsewhere first, with where to, by whom and when."""
    rows = sorted((row for (source, _), row in CELLS.items() if source is state), key=lambda row: not row.targets)
    for number, row in enumerate(rows, start=1):
        branch = "└─" if number == len(rows) else "├─"
        targets = " or ".join(_targets(state, row))
        yield f"  {branch} {_arrow(row.act, targets)}  {_moments(policy).get(row.act) or _parties(row)}"


def _moments(policy: Policy) -> dict[Act, str]:
    """When the clock acts, in short."""
    return {
        Act.END_HOLD: f"placed + {_span(policy.hold)}",
        Act.RELEASE: f"placed + {_span(policy.hold)}, or at approval if later",
        Act.GIVE_UP_VERIFYING: f"placed + {_span(policy.verification_limit)}",
        Act.REMIND: f"{policy.remind_days} days before the end of day {policy.confirm_days}",
        Act.CANCEL_UNCONFIRMED: f"at the end of day {policy.confirm_days}",
    }


def _arrow(act: Act, targets: str) -> str:
    longest = max(len(act) for act in Act)
    if not targets:
        return f"{act:<{longest + 5}}{'':<{_longest_target()}}"
    return f"{act} {'─' * (longest - len(act))}──▶ {targets:<{_longest_target()}}"


def _longest_target() -> int:
    return max(len(" or ".join(_targets(source, row))) for (source, _), row in CELLS.items())


def _targets(source: State, row: Row) -> tuple[State, ...]:
    """Where an act can lead from this state; where units decide, by trying with one of two units, and with both."""
    if row.units is None or len(row.targets) < 2:
        return row.targets
    shipped = int(source is State.PARTIALLY_SHIPPED)
    reached = []
    for units in (2,) if row.units is Units.CANCEL_REST else (1, 2):
        ships = units if row.units is Units.SHIP else 0
        reached.append(state_by_units(shipped + 2, shipped + ships, units - ships))
    return tuple(reached)


def _parties(row: Row) -> str:
    return ", ".join(_name(party) for party in row.by)


def _name(party: Party) -> str:
    return party.replace("_", " ")


def _span(span: timedelta) -> str:
    return in_words(span).replace(" min", " minutes")


def _markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _print_text(policy: Policy) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(diagram(policy), markup=False)
    consequences = [(act, told, units, stock, reason) for act, _, _, _, told, units, stock, reason in acts()]
    telling = [row for row in consequences if any(row[1:])]
    for title, columns, rows in (
        ("What the acts bring about", ("act", *ACT_COLUMNS[4:]), telling),
        ("Deadlines", DEADLINE_COLUMNS, deadlines(policy)),
    ):
        table = Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD)
        for column in table.columns[:2]:
            column.no_wrap = True
        for row in rows:
            table.add_row(
                *(
                    cell.replace("; ", "\n") if column == "who is told" else cell
                    for column, cell in zip(columns, row, strict=True)
                )
            )
        console.print(table)
