"""`tradepost lifecycle`: what it prints is the table that the program executes."""

import re

from tests.doors.command_line import CommandLine
from tradepost.doors.cli import lifecycle_print
from tradepost.lifecycle import ACTS, CELLS, Act, State
from tradepost.policy import Policy


def test_the_diagram_shows_every_way_of_the_table() -> None:
    diagram = lifecycle_print.diagram(Policy())
    parts = dict(zip(State, diagram.split("\n\n")[1:], strict=True))
    for state, part in parts.items():
        assert part.startswith(f"{state} ({state.status}): {state.meaning}")
        shown = re.findall(r"^  [├└]─ (\w+)", part, re.MULTILINE)
        assert sorted(shown) == sorted(act for source, act in CELLS if source is state)


def test_the_ways_of_the_diagram_are_those_of_the_table() -> None:
    drawn = re.findall(r"(\w+) --> (\w+): (.+)", lifecycle_print.mermaid())
    for source, target, acts in drawn:
        for act in acts.split(", "):
            assert State(target) in CELLS[State(source), Act(act)].targets
    ways = {(source, act) for source, _, acts in drawn for act in acts.split(", ")}
    assert ways == {(str(source), str(act)) for (source, act), row in CELLS.items() if row.targets}


def test_the_page_holds_the_whole_table() -> None:
    page = lifecycle_print.markdown(Policy(confirm_days=25, remind_days=5))
    for row in ACTS:
        assert f"| {row.act} |" in page
        for _, notice in row.tells:
            assert notice in page
    assert "5 days before the confirm-by deadline" in page
    assert "25 calendar days" in page


async def test_lifecycle_prints(tradepost: CommandLine) -> None:
    done = await tradepost("lifecycle")
    assert (done.code, done.err) == (0, "")
    assert lifecycle_print.diagram(Policy()) in done.out
    assert (await tradepost("lifecycle", "--format", "markdown")).out == lifecycle_print.markdown(Policy())
    assert (await tradepost("lifecycle", "--format", "diagram")).out == lifecycle_print.diagram(Policy())
