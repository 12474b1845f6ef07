"""The embedded server, with real processes and real kills: who starts it, who shares it, and what ends it."""

import asyncio
import fcntl
import functools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from tradepost.ground import server_account, server_keeper, server_leftovers, server_programs, server_setup
from tradepost.ground.embedded import Server, ServerUnavailable, default_data_folder, lease, postgres_program
from tradepost.ground.server_keeper import LEASE, LOG, LOG_BYTES, State

SOURCE = Path(server_keeper.__file__).parents[2]
PYTHONPATH = f"{SOURCE}:{Path(asyncpg.__file__).parents[1]}"
QUICK = {"fsync": "off"}  # Processes are killed here, not machines.
LONGEST_WAIT_SECONDS = 120

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs under another user")

HOLD_A_LEASE = """
import asyncio, sys
from pathlib import Path
from tradepost.ground.embedded import lease

async def main():
    async with lease(Path(sys.argv[1]), settings={"fsync": "off"}) as server:
        print(server.url(), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


# Who starts it, and who shares it


async def test_first_start_makes_a_durable_database_for_its_owner_alone(data: Path) -> None:
    async with lease(data) as server:
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert await ask(server, "SHOW fsync") == "on"
        assert await ask(server, "SHOW server_encoding") == "UTF8"
        assert await ask(server, "SHOW listen_addresses") == ""
        assert await ask(server, "SELECT upper('ü') || current_database()") == "Ütradepost"
        assert await ask(server, "SELECT current_database()", database="postgres") == "postgres"


async def test_starting_again_finds_the_data(data: Path) -> None:
    async with lease(data, settings=QUICK) as server:
        await ask(server, "CREATE TABLE orders AS SELECT 7 AS number")
    async with lease(data, settings=QUICK) as server:
        assert await ask(server, "SELECT number FROM orders") == 7


async def test_a_second_process_joins_and_the_last_one_stops_the_server(data: Path) -> None:
    async with other_process(data) as other:
        async with lease(data) as server:
            running = state(data)
            assert server.url() == other.url
            assert await ask(server, "SHOW fsync") == "off"  # as its starter wanted it
        async with lease(data) as server:
            assert state(data) == running
            await other.leave()
            assert await ask(server, "SELECT 1") == 1
            assert state(data) == running
    await has_ended(running)


async def test_two_simultaneous_starters_start_one_server(data: Path) -> None:
    async with AsyncExitStack() as stack:
        here = [stack.enter_async_context(lease(data, settings=QUICK)) for _ in range(3)]
        there = [stack.enter_async_context(other_process(data)) for _ in range(2)]
        servers = await asyncio.gather(*here)
        others = await asyncio.gather(*there)
        assert len({server.url() for server in servers} | {other.url for other in others}) == 1
        assert len(servers_in(data)) == 1


async def test_who_arrives_while_the_server_stops_waits_and_starts_it_anew(data: Path) -> None:
    async with lease(data, settings=QUICK) as server:
        before = state(data)
        os.kill(before.postgres_pid, signal.SIGSTOP)
    await eventually(lambda: not can_share(data / LEASE))
    arriving = asyncio.create_task(hold_briefly(data))
    await asyncio.sleep(0.1)
    assert not arriving.done()
    os.kill(before.postgres_pid, signal.SIGCONT)
    server = await arriving
    assert server is not None
    assert state(data).keeper_pid != before.keeper_pid


async def test_the_starter_ends_while_the_server_goes_on(data: Path) -> None:
    """Nothing that the starter was given, like the pipe of its output, stays open in the keeper."""
    async with other_process(data) as starter, lease(data) as server:
        assert await starter.leave() == b""
        assert await ask(server, "SELECT 1") == 1


async def test_settings_that_postgres_refuses_are_reported(data: Path) -> None:
    with pytest.raises(ServerUnavailable, match="shared_bufers") as refused:
        await hold_briefly(data, shared_bufers="1GB")
    assert str(data / LOG) in str(refused.value)
    await hold_briefly(data)


# What is killed


async def test_killing_the_only_process_ends_the_server(data: Path) -> None:
    async with other_process(data) as other:
        running = state(data)
        other.process.kill()
        await has_ended(running)


async def test_killed_postgres_comes_back_with_what_was_committed(data: Path) -> None:
    async with lease(data) as server:
        await ask(server, "CREATE TABLE orders AS SELECT 7 AS number")
        before = state(data)
        os.kill(before.postgres_pid, signal.SIGKILL)
        await eventually(lambda: state(data).postgres_pid not in (0, before.postgres_pid))
        assert await ask(server, "SELECT number FROM orders") == 7
        assert state(data).keeper_pid == before.keeper_pid


async def test_killed_keeper_takes_postgres_along_and_is_replaced(data: Path) -> None:
    async with lease(data) as server:
        await ask(server, "CREATE TABLE orders AS SELECT 7 AS number")
        before = state(data)
        os.kill(before.keeper_pid, signal.SIGKILL)
        await has_ended(before)
        await eventually(lambda: state(data).keeper_pid != before.keeper_pid and state(data).ready)
        assert await ask(server, "SELECT number FROM orders") == 7  # at the same address


async def test_keeper_and_process_killed_together_do_not_hinder_the_next(data: Path) -> None:
    async with other_process(data) as other:
        before = state(data)
        other.process.kill()
        os.kill(before.keeper_pid, signal.SIGKILL)
        await eventually(lambda: is_dead(before.keeper_pid))
        async with lease(data, settings=QUICK) as server:
            assert await ask(server, "SELECT 1") == 1
            assert state(data).keeper_pid != before.keeper_pid


async def test_terminated_keeper_stops_the_server_in_good_order(data: Path) -> None:
    async with lease(data, settings=QUICK) as server:
        before = state(data)
        os.kill(before.keeper_pid, signal.SIGTERM)
        await has_ended(before)
        assert "database system is shut down" in (data / LOG).read_text()
        await eventually(lambda: state(data).ready)
        assert await ask(server, "SELECT 1") == 1


async def test_stale_pid_file_harms_no_innocent_process(data: Path) -> None:
    await hold_briefly(data)
    await eventually(lambda: not servers_in(data))
    with innocent_process() as innocent:
        (data / "postgresql" / "postmaster.pid").write_text(f"{innocent.pid}\n/proc/self/cwd\n1\n5432\n/tmp\n\n")
        async with lease(data, settings=QUICK) as server:
            assert await ask(server, "SELECT 1") == 1
        assert innocent.poll() is None


async def test_a_server_that_cannot_be_ended_keeps_its_pid_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(server_leftovers, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(server_leftovers, "KILLED_SECONDS", 0.1)
    monkeypatch.setattr(os, "pidfd_open", refused)
    async with lease(data, settings=QUICK) as server:
        with pytest.raises(ServerUnavailable, match="earlier server still runs"):
            server_leftovers.end_leftovers(data / "postgresql", server_account.server_account())
        assert (data / "postgresql" / "postmaster.pid").exists()
        assert await ask(server, "SELECT 1") == 1


async def test_half_a_cluster_is_made_anew(data: Path) -> None:
    unfinished = data / (server_setup.UNFINISHED + "abc")
    unfinished.mkdir(parents=True, mode=0o700)
    data.chmod(0o700)
    (unfinished / "PG_VERSION").write_text("18")
    await hold_briefly(data)
    assert not unfinished.exists()


async def test_deleted_data_folder_ends_the_server(data: Path) -> None:
    async with lease(data, settings=QUICK):
        running = state(data)
        shutil.rmtree(data, ignore_errors=True)  # It may meet files that the server is just making.
        await has_ended(running)


async def test_log_is_bounded(data: Path) -> None:
    async with lease(data, settings=QUICK):
        os.truncate(data / LOG, LOG_BYTES + 1)
        await eventually(lambda: (data / LOG).stat().st_size == 0)
        assert (data / (LOG + ".1")).stat().st_size == LOG_BYTES + 1


# Folders and users


async def test_long_and_odd_path(tmp_path: Path) -> None:
    data = tmp_path / 'the seller\'s "données" = 数据 $HOME ; %s' / ("x" * 120) / ("y" * 120)
    async with lease(data, settings=QUICK) as server:
        assert len(os.fsencode(server.socket_folder / ".s.PGSQL.5432")) < 107
        assert await ask(server, "SELECT 1") == 1


async def test_socket_is_its_owners_alone(data: Path) -> None:
    async with lease(data, settings=QUICK) as server:
        folder = server.socket_folder.lstat()
        assert stat.S_IMODE(folder.st_mode) == 0o700
        assert folder.st_uid == (data / "postgresql").stat().st_uid
        assert stat.S_IMODE((server.socket_folder / ".s.PGSQL.5432").stat().st_mode) == 0o700


@pytest.mark.parametrize("trap", ["symlink", "open folder"])
async def test_socket_folder_that_another_may_have_made_is_not_used(data: Path, trap: str) -> None:
    data.mkdir(mode=0o700)
    target = data.with_name("target")
    target.mkdir(mode=0o755)
    if trap == "symlink":
        target.chmod(0o700)
        target.with_name("link").symlink_to(target)
        target = target.with_name("link")
    State(ready=True, socket_folder=str(target), keeper_pid=1, postgres_pid=1).write(data)
    async with lease(data, settings=QUICK) as server:
        assert server.socket_folder != target


async def test_stopped_server_leaves_no_socket_folder(data: Path) -> None:
    server = await hold_briefly(data)
    await eventually(lambda: not server.socket_folder.exists())


async def test_cluster_of_another_version_is_named(data: Path) -> None:
    (data / "postgresql").mkdir(parents=True)
    (data / "postgresql" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerUnavailable, match="PostgreSQL 17, and this Tradepost brings PostgreSQL 18"):
        await hold_briefly(data)


async def test_shared_folder_is_refused_and_not_closed(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "letter.txt").touch()
    with pytest.raises(ServerUnavailable, match="holds other files"):
        await hold_briefly(data)
    assert stat.S_IMODE(data.stat().st_mode) == 0o755


async def test_file_in_place_of_the_folder_is_named(data: Path) -> None:
    data.touch()
    with pytest.raises(ServerUnavailable, match="cannot be used"):
        await hold_briefly(data)


async def test_folder_in_which_nothing_can_be_written_is_named(data: Path) -> None:
    (data / "server.json.new").mkdir(parents=True)  # as on a full disk, the keeper cannot tell where its server listens
    data.chmod(0o700)
    with pytest.raises(ServerUnavailable, match=r"data cannot be used \(Is a directory\): make room"):
        async with lease(data):
            pass


@needs_root
async def test_folder_of_another_user_is_refused(data: Path) -> None:
    data.mkdir()
    os.chown(data, ordinary_user().pw_uid, -1)
    with pytest.raises(ServerUnavailable, match="run Tradepost as nobody"):
        await hold_briefly(data)


@needs_root
async def test_roots_server_runs_as_the_system_user_below_closed_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with lease(closed / "data", settings=QUICK) as server:
        user = pwd.getpwnam("tradepost").pw_uid
        assert Path("/proc", str(state(closed / "data").postgres_pid)).stat().st_uid == user
        await ask(server, "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS number")
        await ask(server, "CHECKPOINT")
        assert await ask(server, "SELECT pg_reload_conf()")
        assert await ask(server, "SELECT count(*) FROM orders") == 1000
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0


@needs_root
async def test_another_user_cannot_reach_roots_server(data: Path) -> None:
    async with lease(data, settings=QUICK) as server:
        with a_python_for(ordinary_user()) as python:
            done = python("import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])", socket_of(server))
        assert b"PermissionError" in done.stderr


@needs_root
def test_binaries_in_a_closed_folder_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = postgres_program("postgres").parents[2]
    install = tmp_path / package.name / "pginstall18"
    shutil.copytree(package / install.name, install)
    shutil.copytree(package.with_name(package.name + ".libs"), tmp_path / (package.name + ".libs"))
    account = server_account.server_account()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as copies:
        monkeypatch.setattr(server_programs, "COPIES", Path(copies))
        copy = server_programs.runnable_install(install, account)
        (before,) = Path(copies).iterdir()
        assert copy.is_relative_to(before)
        (tmp_path / "data").mkdir()
        server_setup.own_cluster(tmp_path / "data", copy, account, QUICK)
        assert server_programs.runnable_install(install, account) == copy
        assert list(Path(copies).iterdir()) == [before]


@needs_root
def test_an_ordinary_user_runs_his_own_server() -> None:
    user = ordinary_user()
    with a_python_for(user) as python, tempfile.TemporaryDirectory(dir="/tmp") as home:
        os.chown(home, user.pw_uid, user.pw_gid)
        data = Path(home, "data")
        done = python(HOLD_A_LEASE, str(data))
        assert done.stderr == b""
        assert done.stdout.startswith(b"postgresql://tradepost@/tradepost?host=/tmp/tradepost-")
        assert (data / "postgresql").stat().st_uid == user.pw_uid
        while servers_in(data):
            subprocess.run(["sleep", "0.05"], check=True)


def test_default_data_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_folder() == Path("/var/lib/tradepost")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "tradepost"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / ".local/share/tradepost"


# The cast


class OtherProcess:
    """Another Tradepost process, which holds a lease until it is asked to leave."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def leave(self) -> bytes:
        output, _ = await self.process.communicate(b"")
        return output


@asynccontextmanager
async def other_process(data: Path) -> AsyncIterator[OtherProcess]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD_A_LEASE, data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    assert url
    other = OtherProcess(process, url)
    try:
        yield other
    finally:
        if process.returncode is None:
            await other.leave()


async def hold_briefly(data: Path, **settings: str) -> Server:
    async with lease(data, settings=QUICK | settings) as server:
        assert await ask(server, "SELECT 1") == 1
        return server


async def ask(server: Server, statement: str, database: str = "tradepost") -> object:
    connection = await asyncpg.connect(server.url(database))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def state(data: Path) -> State:
    found = State.read(data)
    assert found is not None
    return found


def socket_of(server: Server) -> str:
    return str(server.socket_folder / ".s.PGSQL.5432")


def servers_in(data: Path) -> list[Path]:
    """The postmasters of a data folder: those PostgreSQL processes in it whose parent is none of them."""
    place = (data / "postgresql").stat()
    processes = [process for process in Path("/proc").glob("[0-9]*") if server_leftovers.is_server_in(place, process)]
    names = {process.name for process in processes}
    return [process for process in processes if parent_of(process) not in {*names, None}]


def parent_of(process: Path) -> str | None:
    """The pid of its parent; None when the process has ended since it was listed."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return None


def can_share(lock: Path) -> bool:
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


async def has_ended(running: State) -> None:
    """Both processes are gone, or are nothing but an entry that nobody has fetched yet."""
    for pid in (running.keeper_pid, running.postgres_pid):
        await eventually(functools.partial(is_dead, pid))


def is_dead(pid: int) -> bool:
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_WAIT_SECONDS):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@contextmanager
def innocent_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's own account, since PostgreSQL takes only those for servers."""
    with subprocess.Popen(["sleep", "600"], **server_account.server_account().spawning) as process:
        try:
            yield process
        finally:
            process.kill()


def ordinary_user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


@contextmanager
def a_python_for(user: pwd.struct_passwd) -> Iterator[Callable[..., subprocess.CompletedProcess[bytes]]]:
    """A Python that the user may run, with our packages; root's own may lie where nobody else can go."""
    version = "python" + ".".join(map(str, sys.version_info[:2]))

    def run(python: str, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [python, "-c", program, *arguments],
            input=b"",
            capture_output=True,
            check=False,
            cwd="/",
            env={"PYTHONPATH": PYTHONPATH, "PATH": os.defpath},
            **server_account.Account(user.pw_uid, user.pw_gid).spawning,
        )

    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with suppress(OSError):
            if run(python, "import asyncpg, tradepost").returncode == 0:
                yield functools.partial(run, python)
                return
    pytest.skip(f"there is no {version} that {user.pw_name} may run")
