"""`tradepost database`, and what every command says of a database that it cannot work with."""

from pathlib import Path

import asyncpg
import pytest

from tests.conftest import TestServer
from tests.doors.command_line import CommandLine, one_sentence
from tests.scene import Scene
from tradepost.doors.cli.house import Where
from tradepost.doors.cli.house import database_url as meant
from tradepost.doors.cli.mistakes import Mistake
from tradepost.ground import schema
from tradepost.ground.settings import Settings

COMMANDS = (
    ("explain", "1"), ("clock", "show"), ("report", "orders", "--seller", "acme"), ("work",), ("doctor",),
)  # fmt: skip


async def test_an_empty_database_is_upgraded(tradepost: CommandLine, server: TestServer) -> None:
    url = await server.make("template0")
    try:
        for command in COMMANDS:
            done = await tradepost(*command, "--database", url)
            assert done.code == 2
            assert one_sentence(done) == "The database has no Tradepost schema yet; run `tradepost database upgrade`."
        done = await tradepost("database", "upgrade", "--database", url)
        assert (done.code, done.out) == (0, f"The schema is {schema.head()} now; there was none.\n")
        again = await tradepost("database", "upgrade", "--database", url)
        assert again.out == f"The schema is {schema.head()} already.\n"
        assert (await tradepost("doctor", "--database", url)).code == 0
    finally:
        await server.drop(url)


@pytest.mark.parametrize(("revision", "problem"), [("0000", "does not know"), ("9999", "or a newer one")])
async def test_a_schema_that_is_not_this_programs(
    revision: str, problem: str, tradepost: CommandLine, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    await connection.close()
    for command in (*COMMANDS, ("database", "upgrade")):
        done = await tradepost(*command, "--database", database_url)
        assert done.code == 2
        assert problem in one_sentence(done)


@pytest.mark.parametrize("command", [*COMMANDS, ("database", "upgrade"), ("database", "backup", "file")])
async def test_a_database_that_cannot_be_reached(command: tuple[str, ...], tradepost: CommandLine) -> None:
    done = await tradepost(*command, "--database", "postgresql://nobody:secret@127.0.0.1:1/nothing")
    assert done.code == 2
    unreachable = "The database postgresql://nobody@127.0.0.1:1/nothing cannot be reached: Connect call failed"
    assert one_sentence(done).startswith(unreachable)


@pytest.mark.parametrize("command", [("doctor",), ("database", "where"), ("database", "upgrade")])
@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "http://secret.example.com/",
        "me:secret@example.com/shop",
        "postgresql://me:se@secret@example.com/shop",
        "postgresql://me:se/secret@example.com/shop",
        "postgresql://me:se#secret@example.com/shop",
        "postgresql://[::1/secret",
        "postgresql://example.com:secret/shop",
    ],
)
async def test_an_address_that_is_none(command: tuple[str, ...], url: str, tradepost: CommandLine) -> None:
    done = await tradepost(*command, "--database", url)
    assert done.code == 2
    assert one_sentence(done).startswith("The address of a database looks like postgresql://user:password@host:5432/")
    assert "secret" not in done.err


async def test_a_database_in_which_no_tables_can_be_made(tradepost: CommandLine, server: TestServer) -> None:
    url = await server.make("template0")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE business_clock (somebody_elses int)")
        done = await tradepost("database", "upgrade", "--database", url)
        assert 'relation "business_clock" already exists' in one_sentence(done)
        await connection.execute("DROP SCHEMA public CASCADE")
        done = await tradepost("database", "upgrade", "--database", url)
        assert one_sentence(done).startswith(
            "The schema cannot be made here (no schema has been selected to create in)"
        )
        assert done.code == 2
    finally:
        await connection.close()
        await server.drop(url)


async def test_a_data_folder_that_cannot_be_used(tradepost: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    done = await tradepost("doctor", "--data", file)
    assert done.code == 2
    assert str(file) in one_sentence(done)


async def test_backup_and_restore(
    scene: Scene, database_url: str, server: TestServer, tradepost: CommandLine, tmp_path: Path
) -> None:
    await scene.place()
    file = tmp_path / "all.backup"
    done = await tradepost("database", "backup", file, "--database", database_url)
    assert (done.code, done.out) == (0, f"The backup is {file}.\n")
    url = await server.make("template0")
    try:
        done = await tradepost("database", "restore", file, "--database", url)
        assert (done.code, done.out) == (0, f"The database holds what {file} held.\n")
        assert " 1 orders, " in (await tradepost("doctor", "--database", url)).out
        again = await tradepost("database", "restore", file, "--database", url)
        assert again.code == 2
        assert "is not empty" in one_sentence(again)
    finally:
        await server.drop(url)


async def test_restore_takes_backups_only(database_url: str, tradepost: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "none"):
        done = await tradepost("database", "restore", tmp_path / name, "--database", database_url)
        assert done.code == 2
        assert name in one_sentence(done)


async def test_the_embedded_database_needs_no_upgrade(tradepost: CommandLine, data_folder: Path) -> None:
    assert (await tradepost("doctor", "--data", data_folder)).code == 0


async def test_a_tilde_means_the_home_folder(
    tradepost: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TRADEPOST_DATA", "~/shop")
    assert (await tradepost("database", "where")).out == f"{tmp_path}/shop\n"
    assert (await tradepost("database", "where", "--data", "shop")).out == f"{Path.cwd() / 'shop'}\n"
    done = await tradepost("database", "where", "--data", "~nobody-of-this-name/shop")
    assert one_sentence(done) == "There is no such home folder: name a data folder with --data or TRADEPOST_DATA."


async def test_where_prints_no_password(
    tradepost: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await tradepost("database", "where", "--data", tmp_path / "data")
    assert (done.code, done.out) == (0, f"{tmp_path / 'data'}\n")
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", "postgresql://me:secret@db.example.com:5433/shop?sslmode=require")
    done = await tradepost("database", "where")
    assert done.out == "postgresql://me@db.example.com:5433/shop?sslmode=require\n"
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", "postgresql://me@db.example.com/shop?password=secret&user=you")
    done = await tradepost("database", "where")
    assert "secret" not in done.out


def test_what_is_typed_overrules_what_is_set() -> None:
    settings = Settings.from_environment({"TRADEPOST_DATABASE_URL": "postgresql://set", "TRADEPOST_DATA": "folder"})
    assert meant(Where(), settings) == "postgresql://set"
    assert meant(Where(database="postgresql://typed"), settings) == "postgresql://typed"
    assert meant(Where(data=Path("typed")), settings) is None
    with pytest.raises(Mistake, match="not both"):
        meant(Where(database="postgresql://typed", data=Path("typed")), settings)


def test_settings_do_not_show_passwords() -> None:
    settings = Settings.from_environment(
        {"TRADEPOST_DATABASE_URL": "postgresql://a:secret@b", "TRADEPOST_SMTP_URL": "smtp://a:secret@b"}
    )
    assert "secret" not in repr(settings)
    assert settings.smtp_url == "smtp://a:secret@b"
    assert Settings.from_environment({"TRADEPOST_DATA": ""}) == Settings()
