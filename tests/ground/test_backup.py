"""Backups: round trips between servers of both versions, and what is refused."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tradepost.ground.backup import Address, BackupFailed, backup, restore
from tradepost.ground.embedded import Server, lease
from tradepost.ground.orphans import die_with
from tradepost.ground.server_account import server_account

DEBIANS_POSTGRES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss word/%"  # noqa: S105

ORDERS = """
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (
        seller_id bigint NOT NULL, number bigint NOT NULL, buyer text COLLATE "C" NOT NULL DEFAULT 'né 数据',
        details jsonb, placed_at timestamptz, lines int GENERATED ALWAYS AS (number % 3) STORED,
        CONSTRAINT orders_pkey PRIMARY KEY (seller_id, number), CONSTRAINT number_is_positive CHECK (number > 0));
    CREATE INDEX orders_placed ON shop.orders (placed_at) WHERE lines > 0;
    CREATE FUNCTION shop.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
    INSERT INTO shop.orders (seller_id, number, details, placed_at)
    SELECT 7, number, jsonb_build_object('text', E'a\\tb\\\\\\n\\\\.'), '2017-10-02 10:56:33.25-03'
    FROM generate_series(1, 20000) AS number
"""
FINGERPRINT = "SELECT md5(string_agg(orders::text, '' ORDER BY number)) || shop.twice(21) FROM shop.orders"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with lease(tmp_path_factory.mktemp("embedded") / "data", settings={"fsync": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def debians_server() -> Iterator[str]:
    """Debian's PostgreSQL 15, asking for a password; gives the URL up to the name of the database."""
    if not DEBIANS_POSTGRES.is_dir():
        pytest.skip("Debian's postgresql package, which is PostgreSQL 15, is not installed")
    account = server_account()
    with tempfile.TemporaryDirectory(prefix="tradepost-") as folder:
        os.chown(folder, account.uid, account.gid)
        password = Path(folder, "password")
        password.write_text(PASSWORD)
        password.chmod(0o644)
        who = ("--username=keeper", f"--pwfile={password}", "--auth=scram-sha-256")
        initdb = (DEBIANS_POSTGRES / "initdb", "-D", f"{folder}/data", *who, "--no-sync", "--locale=C.UTF-8")
        subprocess.run(initdb, cwd=folder, check=True, stdout=subprocess.DEVNULL, **account.spawning)
        settings = ("--listen_addresses=", f"--unix_socket_directories={folder}", "--fsync=off", "--timezone=UTC")
        postgres = (DEBIANS_POSTGRES / "postgres", "-D", f"{folder}/data", *settings)
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen(
                postgres, cwd=folder, stderr=log, preexec_fn=die_with(os.getpid()), **account.spawning
            ) as server,
        ):
            wait_until_ready(folder, server)
            yield f"postgresql://keeper:p%40ss%20word%2F%25@/%s?host={folder}"
            server.send_signal(signal.SIGINT)


async def test_restored_database_is_the_same(server: Server, tmp_path: Path) -> None:
    source, target = await new_database(server, "source"), await new_database(server, "target")
    await execute(source, ORDERS)
    await backup(source, tmp_path / "orders.backup")
    await restore(target, tmp_path / "orders.backup")
    assert await ask(target, FINGERPRINT) == await ask(source, FINGERPRINT)
    assert await ask(target, "SELECT reltuples FROM pg_class WHERE relname = 'orders'") == 20_000
    assert [file.name for file in tmp_path.iterdir()] == ["orders.backup"]
    assert (tmp_path / "orders.backup").stat().st_mode & 0o777 == 0o600


async def test_there_and_back_between_embedded_and_debians_server(
    server: Server, debians_server: str, tmp_path: Path
) -> None:
    source, back = await new_database(server, "outward"), await new_database(server, "back")
    await execute(source, ORDERS)
    await backup(source, tmp_path / "from-18")
    await execute(at(debians_server, "postgres"), "CREATE DATABASE moved")
    await restore(at(debians_server, "moved"), tmp_path / "from-18")
    await backup(at(debians_server, "moved"), tmp_path / "from-15")
    await restore(back, tmp_path / "from-15")
    assert await ask(back, FINGERPRINT) == await ask(source, FINGERPRINT)


async def test_a_server_is_its_own_database(server: Server, tmp_path: Path) -> None:
    await backup(server, tmp_path / "empty.backup")
    await restore(server, tmp_path / "empty.backup")


async def test_database_with_tables_is_refused(server: Server, tmp_path: Path) -> None:
    full = await new_database(server, "filled")
    await execute(full, "CREATE TABLE orders ()")
    await backup(full, tmp_path / "full.backup")
    with pytest.raises(BackupFailed, match="not empty"):
        await restore(full, tmp_path / "full.backup")


async def test_damaged_backup_leaves_the_database_empty(server: Server, tmp_path: Path) -> None:
    source, target = await new_database(server, "healthy"), await new_database(server, "untouched")
    await execute(source, ORDERS)
    await backup(source, tmp_path / "orders.backup")
    damage(tmp_path / "orders.backup")
    with pytest.raises(BackupFailed, match="pg_restore failed"):
        await restore(target, tmp_path / "orders.backup")
    assert await ask(target, "SELECT to_regnamespace('shop')") is None


async def test_backup_that_the_server_refuses_leaves_the_database_empty(server: Server, tmp_path: Path) -> None:
    source, target = await new_database(server, "clashing"), await new_database(server, "clashed")
    await execute(source, ORDERS)
    await execute(target, "CREATE SCHEMA other", "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    await execute(source, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    await backup(source, tmp_path / "orders.backup")
    with pytest.raises(BackupFailed, match=r'psql failed: .*function "f" already exists'):
        await restore(target, tmp_path / "orders.backup")
    assert await ask(target, "SELECT to_regnamespace('shop')") is None


async def test_other_file_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear seller,")
    with pytest.raises(BackupFailed, match="is not a backup"):
        await restore(server, tmp_path / "letter.txt")
    with pytest.raises(BackupFailed, match="No such file"):
        await restore(server, tmp_path / "nothing")


async def test_existing_file_is_kept(server: Server, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    with pytest.raises(BackupFailed, match="exists already"):
        await backup(server, tmp_path / "precious")
    assert (tmp_path / "precious").read_text() == "kept"


async def test_failed_backup_leaves_no_file(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r'pg_dump failed: .*"nowhere" does not exist'):
        await backup(server.url("nowhere"), tmp_path / "nothing.backup")
    assert list(tmp_path.iterdir()) == []


async def test_unreachable_database_is_named_without_its_password(server: Server, tmp_path: Path) -> None:
    await backup(server, tmp_path / "empty.backup")
    with pytest.raises(BackupFailed, match="cannot be reached") as refused:
        await restore(f"postgresql://me:secret@/shop?host={tmp_path}", tmp_path / "empty.backup")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected", "password"),
    [
        ("postgresql://me:p%40ss@host:5433/shop", "postgresql://me@host:5433/shop", "p@ss"),
        (
            "postgresql://me@a:1,b:2/shop?password=x%26&sslmode=disable",
            "postgresql://me@a:1,b:2/shop?sslmode=disable",
            "x&",
        ),
        ("postgresql:///shop?host=/a%20b", "postgresql:///shop?host=/a%20b", None),
    ],
)
def test_password_is_taken_out_of_the_address(url: str, expected: str, password: str | None) -> None:
    assert Address.of(url) == Address(expected, password)


# The cast


async def new_database(server: Server, name: str) -> str:
    await execute(server.url("postgres"), f"CREATE DATABASE {name}")
    return server.url(name)


def at(url: str, database: str) -> str:
    return url.replace("/%s?", f"/{database}?")


def wait_until_ready(folder: str, server: subprocess.Popen[bytes]) -> None:
    question = (DEBIANS_POSTGRES / "pg_isready", "--quiet", f"--host={folder}")
    while subprocess.run(question, check=False).returncode != 0:
        assert server.poll() is None
        time.sleep(0.05)


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def damage(file: Path) -> None:
    """Cut the file in the middle of its data."""
    os.truncate(file, file.stat().st_size * 2 // 3)
