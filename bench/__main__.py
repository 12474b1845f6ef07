"""Run measurements: `python -m bench` runs all, `python -m bench NAME --json` prints one as a JSON object."""

import argparse
import asyncio
import json
from dataclasses import asdict

from bench import sweep
from bench.measurement import Measurement

BENCHES = {"sweep": sweep.measure}


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--orders", type=int, default=20_000, help="how many orders to measure with")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    asked = parser.parse_args()
    for name in asked.names or BENCHES:
        found = asyncio.run(BENCHES[name](asked.orders))
        print(json.dumps(asdict(found)) if asked.json else _line(found))


def _line(found: Measurement) -> str:
    return (
        f"{found.name}: {found.ratio:.2f} of the reference ({found.ours:,.0f} against {found.reference:,.0f} "
        f"{found.unit}, {found.orders:,} orders, {found.seconds:.0f} s)"
    )


if __name__ == "__main__":
    main()
