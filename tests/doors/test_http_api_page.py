"""docs/http-api.md is true: the first order that it tells of is placed and shipped here by its own commands."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from string import Template

import httpx

from tests.doors.command_line import CommandLine
from tests.faults.serving import PATIENCE_SECONDS, serving
from tradepost.access.keys import Scope
from tradepost.doors.http.limits import LIMITS
from tradepost.payments.gateway import OUTCOMES

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
AS_CURL_SAYS = {"Content-Type": "application/x-www-form-urlencoded"}
ORDER_NUMBER = re.compile(r"\d{3}-\d{7}-\d{7}")


def commands() -> list[list[str]]:
    """The commands of the page in words; a quoted body may go over several lines."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    lines = re.findall(r"(?:[^'\n]|'[^']*')+", blocks)
    return [shlex.split(line, comments=True) for line in lines]


def request(words: list[str]) -> tuple[str, str, dict[str, str], str | None]:
    """What curl sends for these words: method, address, headers, body."""
    (address,) = [word for word in words[1:] if "://" in word]
    given = dict(pairwise(words))
    headers = [after.split(": ", 1) for word, after in pairwise(words) if word == "-H"]
    body = given.get("-d")
    return given.get("-X", "GET" if body is None else "POST"), address, dict(headers), body


async def test_the_first_order_of_the_page(tradepost: CommandLine, database_url: str, tmp_path: Path) -> None:
    where = ("--database", database_url)
    values: dict[str, str] = {}
    answers: list[str] = []
    told = iter(commands())
    for words in told:
        if words == ["tradepost", "serve"]:
            break
        if words[0] == "tradepost":
            assert (await tradepost(*words[1:], *where)).code == 0
    async with (
        serving(*where, TRADEPOST_DATA=str(tmp_path)) as program,
        httpx.AsyncClient(headers=AS_CURL_SAYS, timeout=PATIENCE_SECONDS) as client,
    ):
        for words in told:
            name, _, value = words[0].partition("=")
            if words[0] == "curl":
                filled = [Template(word).substitute(values) for word in words]
                method, address, headers, body = request(filled)
                at = address.replace("http://127.0.0.1:8080", program.url)
                answer = await client.request(method, at, headers=headers, content=body)
                assert answer.is_success, (words, answer.text)
                answers.append(answer.text)
            elif value.startswith("$(tradepost"):
                made = await tradepost(*words[1:-1], words[-1].rstrip(")"), *where)
                values[name] = made.out.strip()
            elif name == "ORDER":
                (values[name],) = set(ORDER_NUMBER.findall(answers[-1]))
            elif value:
                values[name] = value
    assert '"status":"Shipped"' in answers[-2]
    assert "1Z999AA10123456784" in answers[-2]
    assert answers[-1].startswith("# HELP tradepost_")


def test_the_page_names_the_tokens_of_the_simulated_payment_world() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)`", PAGE, re.MULTILINE)) - {"payment_token"} == set(OUTCOMES)


def test_the_page_tells_the_limits_of_keys() -> None:
    told = dict(re.findall(r"(buyers|customer service|operators) (\d+ \([\d,]+\))", PAGE))
    limits = (LIMITS[scope] for scope in (Scope.BUYER, Scope.CUSTOMER_SERVICE, Scope.OPERATOR))
    assert list(told.values()) == [f"{rate:.0f} ({burst:,.0f})" for rate, burst in limits]
