"""The program as text: its modules, parsed, with the names that they import and the SQL that they say."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "src" / "tradepost"

_STATEMENT = re.compile(
    r"\s*(WITH\s+\w+\s+AS|SELECT\s|INSERT\s+INTO|UPDATE\s+\w+|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+[A-Z]+\s|TRUNCATE\s"
    r"|LOCK\s+TABLE|COPY\s+\w+)"
)


@dataclass(frozen=True)
class Sql:
    """One SQL statement, or text that looks like one; what is put into an f-string reads as `{}`."""

    module: str
    function: str  # innermost; empty at the top of a module
    text: str

    @property
    def place(self) -> str:
        return f"{self.module}::{self.function}"


@dataclass(frozen=True)
class Module:
    """A module, named by its path below src/tradepost."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each imported name stands for, with its dots."""
        names = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names if alias.asname}
                names |= {
                    alias.name.split(".")[0]: alias.name.split(".")[0] for alias in node.names if not alias.asname
                }
            elif isinstance(node, ast.ImportFrom):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    def dotted(self, node: ast.expr) -> str:
        """What a name or attribute stands for: `dt.now` is `datetime.datetime.now`; empty for any other expression."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, "")
        if isinstance(node, ast.Attribute) and (left := self.dotted(node.value)):
            return f"{left}.{node.attr}"
        return ""

    def uses(self) -> set[str]:
        """Everything imported that the module names, with its dots."""
        names = {self.dotted(node) for node in ast.walk(self.tree) if isinstance(node, (ast.Name, ast.Attribute))}
        return (names | set(self.imported.values())) - {""}

    def statements(self) -> list[Sql]:
        """The SQL of this module."""
        return [Sql(self.name, function, text) for function, text in _strings(self.tree, "") if _STATEMENT.match(text)]


def _strings(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
    """All strings with the function that each stands in, but for docstrings."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield function, child.value
        elif isinstance(child, ast.JoinedStr):
            yield (
                function,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in child.values),
            )
        else:
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from _strings(child, child.name if inside else function)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the program."""
    return tuple(
        Module(file.relative_to(PACKAGE).as_posix(), file.read_text(encoding="utf-8"))
        for file in sorted(PACKAGE.rglob("*.py"))
    )


def module(name: str) -> Module:
    """The module at this path."""
    (found,) = [one for one in modules() if one.name == name]
    return found
