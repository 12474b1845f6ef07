"""What programs in other languages need in order to run here."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

INSTALL_SECONDS = 180


async def node_modules(folder: Path, *packages: str) -> bool:
    """Install packages of Node into a folder; False where that cannot be done here."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", *packages),
            cwd=folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )
        async with asyncio.timeout(INSTALL_SECONDS):
            await process.communicate()
    except (OSError, TimeoutError):
        return False
    return process.returncode == 0
