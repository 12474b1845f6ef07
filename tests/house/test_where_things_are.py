"""The rules of the house that a reader can rely on: what is done in one place only, and where."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from source import PACKAGE, PROJECT, Module, module, modules

from tradepost.orders.order import Line, Order

MOST_LINES = 360
WORTHLESS_NAMES = {"base", "common", "helpers", "manager", "managers", "misc", "service", "services", "util", "utils"}
TELLING_WORDS = ["py" + "pi.org", "python" + "hosted", "--index" + "-url", "/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"]

# Which of the two clocks is read, and that each transaction reads it once, is decided in one file (design: two clocks).
CLOCK = "ground/clock.py"
TIME = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.asctime", "time.strftime",
    "time.clock_gettime", "time.clock_gettime_ns", "uuid.uuid1", "uuid.uuid7",
}  # fmt: skip

JOURNAL = "orders/journal.py"
MAY_CHANGE_ORDERS = {
    JOURNAL: "the only writer",
    "orders/records.py": "turns a row into an order",
}
WRITERS = ("insert", "insert_cancellations", "insert_events", "insert_lines", "update", "update_lines")

PURE = {file.name for file in PACKAGE.glob("*.py")} - {"__init__.py", "timekeeping.py"}


def reads_time(module: Module) -> set[str]:
    return module.uses() & TIME


def changed_fields(module: Module, names: set[str]) -> set[str]:
    """The attributes of these names that a module sets on anything but `self`, and its calls of setattr."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)) and node.attr in names:
            found |= {node.attr} - ({node.attr} if ast.unparse(node.value) == "self" else set())
        elif isinstance(node, ast.Name) and node.id == "setattr":
            found.add("setattr")
    return found


def foreign_imports(module: Module) -> set[str]:
    """What a module imports that is neither Python's own nor a pure file."""
    roots = {name.split(".")[0] for name in module.imported.values()}
    others = {name for name in module.imported.values() if name.startswith("tradepost.")}
    ours = {f"tradepost.{name.removesuffix('.py')}" for name in PURE}
    strangers = {name for name in others if name not in ours and name.rpartition(".")[0] not in ours}
    return (roots - sys.stdlib_module_names - {"tradepost"}) | strangers


def test_only_the_clock_reads_the_time() -> None:
    assert {module.name for module in modules() if reads_time(module)} == {CLOCK}


def test_only_the_journal_changes_an_order() -> None:
    """An order and its lines change in one place; so do the history, the deadline and the notices that belong to it."""
    names = {field.name for field in (*fields(Order), *fields(Line))}
    assert {module.name for module in modules() if changed_fields(module, names)} == set(MAY_CHANGE_ORDERS)


def test_only_the_journal_writes_orders() -> None:
    writers = {f"tradepost.orders.records.{writer}" for writer in WRITERS}
    assert {module.name: module.uses() & writers for module in modules() if module.uses() & writers} == {
        JOURNAL: writers
    }


def test_what_the_business_says_needs_nothing_but_python() -> None:
    assert {name: found for name in PURE if (found := foreign_imports(module(name)))} == {}


def test_files_are_short_and_their_names_mean_something() -> None:
    assert [module.name for module in modules() if len(module.text.splitlines()) > MOST_LINES] == []
    assert [module.name for module in modules() if set(Path(module.name).with_suffix("").parts) & WORTHLESS_NAMES] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [file.name for file in (PROJECT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_nothing_names_a_registry_or_a_place_on_one_machine() -> None:
    """What is kept in the project works anywhere: it names no package registry and no folder of whoever wrote it."""
    found = {file.relative_to(PROJECT).as_posix(): words for file in kept_files() if (words := telling_words(file))}
    assert found == {}


def kept_files() -> Iterator[Path]:
    yield from (file for file in PROJECT.iterdir() if file.is_file() and file.suffix != ".xml")
    for folder in (".ci", "bench", "docs", "src", "tests"):
        yield from (file for file in (PROJECT / folder).rglob("*") if file.is_file() and file.suffix != ".pyc")


def telling_words(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    return [word for word in TELLING_WORDS if word in text]


def test_the_checks_see_what_they_look_for() -> None:
    """Each check finds the mistake that it is made for, however it is spelled."""
    assert reads_time(Module("x", "from datetime import datetime as d\nat = d.now()")) == {"datetime.datetime.now"}
    assert reads_time(Module("x", "import datetime\nat = datetime.datetime.utcnow()"))
    assert reads_time(Module("x", "from time import time\nat = time()")) == {"time.time"}
    assert not reads_time(Module("x", "at = tx.now\nwait = time.monotonic()"))
    assert changed_fields(Module("x", "order.state = 1"), {"state"}) == {"state"}
    assert changed_fields(Module("x", "order.units += 1\ndel order.state"), {"units", "state"}) == {"units", "state"}
    assert changed_fields(Module("x", "setattr(order, name, 1)"), set()) == {"setattr"}
    assert not changed_fields(Module("x", "self.state = order.state"), {"state"})
    assert foreign_imports(Module("x", "import rich\nfrom tradepost.ground import clock")) == {
        "rich", "tradepost.ground.clock",
    }  # fmt: skip
    assert not foreign_imports(
        Module("x", "import re\nfrom tradepost import money\nfrom tradepost.policy import Policy")
    )
