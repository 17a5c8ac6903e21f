"""The embedded PostgreSQL: one cluster, private sockets, the roles Lepton needs."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from pathlib import Path
from urllib.parse import quote

from lepton.lib import leash

from .place import EmbeddedError, Place, check_marker, folder, server_account
from .programs import postgres_programs

DATABASE = "lepton"
LOGINS = {"owner": "lepton_owner", "app": "lepton_app"}

# Owner migrates, app works under row level security, system owns a short list of functions.
ROLES = f"""\
CREATE ROLE lepton_owner LOGIN CREATEDB CREATEROLE
CREATE ROLE lepton_app LOGIN
CREATE ROLE lepton_system NOLOGIN
GRANT lepton_app TO lepton_owner WITH ADMIN OPTION
GRANT lepton_system TO lepton_owner WITH ADMIN OPTION
CREATE DATABASE {DATABASE} OWNER lepton_owner
"""

TLS_QUESTION = struct.pack("!ii", 8, 80877103)  # length, request code: PostgreSQL manual, 54.7

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",  # solid-state disks, as everywhere by now
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",  # small queries; keeps clear of a 64 MB /dev/shm
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class Postgres:
    """Shape shared with Redis: name, stop_signal, account, prepare, command, pid_file, ready."""

    name = "postgres"
    when_logged_elsewhere = ("--log_line_prefix=",)  # the supervisor's log has its own times
    stop_signal = signal.SIGINT  # "fast": end the sessions, then stop; SIGTERM would wait for them

    def __init__(self, where: Place):
        self.where = where
        self.account = server_account(where.data)
        self.identity = str(where.data)
        self.pid_file = where.data / "postmaster.pid"
        self.notes = [self.pid_file, where.postgres_sockets / ".s.PGSQL.5432.lock"]

    def prepare(self) -> None:
        """Make folders and, the first time, the cluster."""
        check_marker(self.where)
        folder(self.where.postgres, mode=0o711 if self.account else 0o700)
        folder(self.where.postgres_sockets, account=self.account)
        self.programs = postgres_programs(self.where, self.account)
        if not self.where.data.exists():
            self.create()
        self.write_access_rules()

    def create(self) -> None:
        """Build the cluster with roles and database beside its place, then rename it there."""
        for stale in self.where.postgres.glob("data.new-*"):
            shutil.rmtree(stale)
        draft = folder(
            self.where.postgres / f"data.new-{secrets.token_hex(4)}", account=self.account
        )
        options = ["--username=postgres", "--encoding=UTF8", "--auth=peer", "--no-instructions"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self.call("initdb", "-D", str(draft), *options, *locale)
        self.call("postgres", "--single", "-D", str(draft), "postgres", stdin=ROLES)
        draft.rename(self.where.data)

    def call(self, program: str, *arguments: str, stdin: str = "") -> None:
        argv = [str(self.programs / program), *arguments]
        argv = leash.command(argv, account=self.account, dies_with=signal.SIGKILL)
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, cwd="/")
        if done.returncode or " ERROR: " in done.stderr:
            raise EmbeddedError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")

    def write_access_rules(self) -> None:
        """Peer only: the two logins belong to the account that runs Lepton, nobody else enters."""
        people = {pwd.getpwuid(os.geteuid()).pw_name} | ({"root"} if self.account else set())
        logins = sorted(LOGINS.values())
        pairs = [f"lepton {person} {login}\n" for person in sorted(people) for login in logins]
        replace(self.rules("hba"), f"local all {','.join(logins)} peer map=lepton\n")
        replace(self.rules("ident"), "".join(pairs))

    def rules(self, kind: str) -> Path:
        return self.where.postgres / f"{kind}.conf"

    def command(self) -> list[str]:
        places = {
            "unix_socket_directories": f'"{self.where.postgres_sockets}"',
            "hba_file": str(self.rules("hba")),
            "ident_file": str(self.rules("ident")),
        }
        options = [f"--{key}={value}" for key, value in (SETTINGS | places).items()]
        return [str(self.programs / "postgres"), "-D", str(self.where.data), *options]

    def ready(self) -> bool:
        """Whether it notes so on the eighth line of its pid file, and answers."""
        lines = read(self.pid_file).splitlines()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self.answers()

    def answers(self) -> bool:
        """Ask whether it speaks TLS; a live server says N, without a login or a line logged."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(str(self.where.postgres_sockets / ".s.PGSQL.5432"))
                line.sendall(TLS_QUESTION)
                return line.recv(1) in (b"N", b"S")
        except OSError:
            return False


def url(where: Place, role: str) -> str:
    return f"postgresql://{LOGINS[role]}@{quote(str(where.postgres_sockets), '')}/{DATABASE}"


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)
