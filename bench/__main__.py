"""Run measurements: `python -m bench` runs all, `python -m bench NAME --json` prints one as a JSON object."""

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from bench import checkout, file, getorders, journey, mixed, page, report, sweep
from bench.measurement import Measurement


class Bench(NamedTuple):
    """A measurement, with how many orders it is made by default, and what its ratio is to be."""

    measure: Callable[[int], Coroutine[Any, Any, Measurement]]
    orders: int
    goal: str


BENCHES = {
    "checkout": Bench(checkout.spread, 40_000, ">= 1"),
    "checkout_hot": Bench(checkout.hot, 10_000, ">= 4"),
    "checkout_last": Bench(checkout.last, 5_000, "exact"),
    "journey": Bench(journey.measure, 20_000, ">= 1"),
    "sweep": Bench(sweep.measure, 200_000, ">= 0.5"),
    "page": Bench(page.measure, 1_000_000, "<= 1.3"),
    "getorders": Bench(getorders.measure, 1_000_000, "<= 1.3"),
    "file": Bench(file.measure, 100_000, ">= 0.5"),
    "report": Bench(report.measure, 500_000, ">= 0.8"),
    "mixed": Bench(mixed.measure, 100_000, ">= 0.7"),
}


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--orders", type=int, help="how many orders to measure with, in the place of each one's own")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    asked = parser.parse_args()
    if not asked.json:
        print(_line("name", "ours", "reference", "ratio", "goal", "unit", "orders", "seconds"), flush=True)
    for name in asked.names or BENCHES:
        bench = BENCHES[name]
        found = asyncio.run(bench.measure(asked.orders or bench.orders))
        print(json.dumps(found.document) if asked.json else _shown(found, bench.goal), flush=True)


def _shown(found: Measurement, goal: str) -> str:
    ratio = "exact" if found.ratio is None else f"{found.ratio:.2f}"
    line = _line(
        found.name, f"{found.ours:,.4g}", f"{found.reference:,.4g}", ratio, goal, found.unit, f"{found.orders:,}",
        f"{found.seconds:.0f}",
    )  # fmt: skip
    return "\n".join([line, *(f"    {name}: {value}" for name, value in found.more.items())])


def _line(*cells: str) -> str:
    widths = (14, 10, 10, 7, 8, 11, 10, 8)
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


if __name__ == "__main__":
    main()
