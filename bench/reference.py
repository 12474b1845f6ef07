"""The reference: the strongest hand-written form that we know for one order at a time (reference.sql).

One prepared call of a PL/pgSQL function an order, driven by pgbench, which comes with the embedded PostgreSQL. Its
connections go through the same Unix socket as Tradepost's, and there are as many as there are clients of the other.
"""

import asyncio
import json
import re
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from bench.market import ADDRESS, BUYERS, OFFERS, SELLERS, say
from tradepost.ground.embedded import postgres_program

HOLD = timedelta(minutes=30)
FUNCTIONS = Path(__file__).with_name("reference.sql")
SPREAD = f"\\set offer random(0, {OFFERS - 1})\n\\set hot false"
HOT = "\\set offer 0\n\\set hot true"
PLACE = f"""
\\set seller :offer % {SELLERS}
\\set buyer random(0, {BUYERS - 1})
SELECT place_one('S' || :seller, 'K' || :offer, 'B' || :buyer, :address, 'approve', :placed_at, :hot) AS order_id \\gset
"""
CARRY = """
SELECT approve_one('S' || :seller, :order_id, :placed_at);
SELECT release_one('S' || :seller, :order_id, :hold_end);
SELECT confirm_one('S' || :seller, :order_id, '1Z999AA10123456784', :hold_end);
"""


async def install(url: str) -> None:
    """Put the functions into a database."""
    await say(url, FUNCTIONS.read_text())


async def place(url: str, orders: int, clients: int, at: datetime, *, hot: bool = False) -> float:
    """Place so many orders, a multiple of the number of clients; how many a second."""
    return await _pgbench(url, (HOT if hot else SPREAD) + PLACE, orders, clients, at)


async def carry(url: str, orders: int, clients: int, at: datetime) -> float:
    """Place, approve, release and confirm so many orders, with a call for each step; how many a second."""
    return await _pgbench(url, SPREAD + PLACE + CARRY, orders, clients, at)


async def _pgbench(url: str, script: str, orders: int, clients: int, at: datetime) -> float:
    if orders % clients:
        raise ValueError(f"{orders} orders cannot be shared by {clients} clients: choose a multiple.")
    values = {"address": json.dumps(ADDRESS), "placed_at": at.isoformat(), "hold_end": (at + HOLD).isoformat()}
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            postgres_program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2",
            f"--transactions={orders // clients}", f"--file={file.name}",
            *(f"--define={name}={value}" for name, value in values.items()), url,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complaints = await process.communicate()
    rate = re.search(r"^tps = ([0-9.]+)", said.decode(), re.MULTILINE)
    if process.returncode or not rate:
        raise RuntimeError(f"pgbench failed: {complaints.decode()}")
    return float(rate[1])
