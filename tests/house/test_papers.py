"""What is written about the program is true of it: links, commands, printed parts, and the list of the requirements."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from cyclopts import App
from source import PROJECT

from tradepost.doors.cli import lifecycle_print
from tradepost.doors.cli.app import app
from tradepost.doors.selling_partner_api.terms import VARIABLES as SELLER_API
from tradepost.ground.settings import VARIABLES
from tradepost.lifecycle import Act
from tradepost.policy import Policy

PAPERS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PROCESS = PROJECT / "docs" / "process.md"
REQUIREMENTS = 55

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
_REQUIREMENT = re.compile(r"\| A(\d+) \| (.+?) \| (.+) \|")


def dead_links(paper: Path, text: str) -> Iterator[str]:
    """The links that lead nowhere: no such file, or nothing of that name in it."""
    for name, fragment in _LINK.findall(text):
        file = (paper.parent / name).resolve() if name else paper
        if "://" in name or (file.exists() and (not fragment or fragment in names_in(file))):
            continue
        yield f"{name}#{fragment}"


def names_in(file: Path) -> set[str]:
    """What a link can point at: the headings of a paper, what Python defines, and the acts of the lifecycle table."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    acts = {str(act) for act in Act} if file.name == "lifecycle.py" else set()
    return acts | {name for node in ast.walk(ast.parse(text)) for name in defined_by(node)}


def defined_by(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def requirements(text: str) -> dict[int, str]:
    """By number, where the paper says that each requirement is kept."""
    return {int(number): kept for number, _, kept in _REQUIREMENT.findall(text)}


def unkept(text: str) -> list[int]:
    """The requirements for which the paper names neither a test nor a row of the table, nor says `not yet`."""
    evidence = re.compile(
        r"\((?:\.\./tests/[^)]*test_\w+\.py#test_\w+|\.\./src/tradepost/lifecycle\.py#\w+)\)|\bnot yet\b"
    )
    return [number for number, kept in requirements(text).items() if not evidence.search(kept)]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(PROJECT)))
def test_links_are_alive(paper: Path) -> None:
    assert list(dead_links(paper, paper.read_text(encoding="utf-8"))) == []


def test_every_requirement_is_kept_or_said_to_be_missing() -> None:
    text = PROCESS.read_text(encoding="utf-8")
    assert [int(number) for number, _, _ in _REQUIREMENT.findall(text)] == list(range(1, REQUIREMENTS + 1))
    assert unkept(text) == []


def test_the_lifecycle_in_the_papers_is_the_one_that_the_program_executes() -> None:
    """`make docs` prints both anew."""
    page = (PROJECT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert page == lifecycle_print.markdown(Policy())
    (printed,) = re.findall(r"<!-- the diagram.*-->\n```text\n(.*?)```\n<!-- end of the diagram -->", README, re.DOTALL)
    assert printed == lifecycle_print.diagram(Policy())


def test_what_can_be_made_is_what_the_papers_say() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target for paper in PAPERS for target in re.findall(r"(?:`|^)make ([a-z-]+)", paper.read_text("utf-8"), re.M)
    }
    assert {"run", "test", "lint", "campaign", "docs"} <= named <= targets


def test_the_commands_of_the_readme_are_those_of_the_program() -> None:
    named = set(re.findall(r"^tradepost ([a-z]+(?: [a-z]+)?)", README, re.MULTILINE))
    assert {words.split()[0] for words in named} == {name for name in app if not name.startswith("-")}
    assert [words for words in named if not is_command(app, words.split())] == []


def is_command(program: App, words: list[str]) -> bool:
    """Whether the words name a command; what follows the name of one without commands below is an argument."""
    below = {name for name in program if not name.startswith("-")}
    by_itself = words == [""] and program.default_command is not None
    return not below or by_itself or (words[0] in below and is_command(program[words[0]], words[1:] or [""]))


def test_the_settings_of_the_readme_are_those_of_the_program() -> None:
    said = set(re.findall(r"TRADEPOST_[A-Z_]+", README))
    assert said - {"TRADEPOST_TEST_DATABASE_URL"} == set(VARIABLES) | set(SELLER_API)


def test_the_examples_of_style_are_our_own_code() -> None:
    """Line by line, but for the indentation."""
    sources = [*(PROJECT / "src").rglob("*.py"), *(PROJECT / "tests").rglob("*.py")]
    code = "\n".join(unindented(file.read_text(encoding="utf-8")) for file in sources)
    style = (PROJECT / "STYLE.md").read_text(encoding="utf-8")
    examples = [part for block in re.findall(r"```python\n(.*?)```", style, re.DOTALL) for part in block.split("\n\n")]
    assert examples
    assert [example for example in examples if unindented(example).strip() not in code] == []


def unindented(text: str) -> str:
    return "\n".join(line.strip() for line in dedent(text).splitlines())


def test_the_checks_see_what_they_look_for() -> None:
    text = (
        "[a](../tests/house/test_papers.py#test_nothing) [b](nowhere.md) [c](../tests/house/test_papers.py#dead_links)"
    )
    assert list(dead_links(PROCESS, text)) == ["../tests/house/test_papers.py#test_nothing", "nowhere.md#"]
    assert unkept("| A1 | x | by care |\n| A2 | x | not yet: y |") == [1]
    assert unkept("| A3 | x | [a](../src/tradepost/lifecycle.py#place) |") == []
    assert is_command(app, ["clock", "show"])
    assert not is_command(app, ["clock", "stop"])
