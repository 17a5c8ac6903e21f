"""Where the embedded servers of one data folder live, and under which account."""

import hashlib
import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

STATE_ROOT = Path("/var/lib/lepton")
ACCOUNTS = ("lepton", "postgres", "nobody")
SOCKET_FOLDER_LIMIT = 85  # a socket's whole path must fit into 107 bytes


class EmbeddedError(Exception):
    """An embedded server cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """home is LEPTON_HOME; base holds the database: home itself wherever that can be."""

    home: Path
    base: Path

    @property
    def postgres(self) -> Path:
        return self.base / "postgres"

    @property
    def data(self) -> Path:
        return self.postgres / "data"

    @property
    def postgres_sockets(self) -> Path:
        return short(self.postgres / "run")

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def redis_sockets(self) -> Path:
        return short(self.redis / "run")

    @property
    def marker(self) -> Path:
        """Names the home a database outside of it belongs to."""
        return self.base / "home"


def place(home) -> Place:
    """Where this home's servers live. Decided once: as root, a closed home puts it outside."""
    home = Path(home).expanduser().absolute()
    if os.geteuid() != 0:
        return Place(home, home)
    if pointer(home).exists():
        return Place(home, Path(pointer(home).read_text().strip()))
    if (home / "postgres").exists():
        return Place(home, home)
    home.mkdir(parents=True, exist_ok=True)
    account = pwd.getpwnam(server_account(home / "postgres" / "data"))
    return Place(home, home if reachable(home, account) else elsewhere(home))


def pointer(home: Path) -> Path:
    return home / "embedded.place"


def elsewhere(home: Path) -> Path:
    """Choose a folder outside a closed home and write it down; of two at once, one wins."""
    draft = home / f".place-{secrets.token_hex(4)}"
    draft.write_text(f"{STATE_ROOT / secrets.token_hex(6)}\n")
    try:
        os.link(draft, pointer(home))
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return Path(pointer(home).read_text().strip())


def check_marker(where: Place) -> None:
    """A moved home keeps its database; a copied home must not share it."""
    if where.base == where.home:
        return
    folder(where.base, mode=0o711)
    if where.marker.exists():
        other = Path(where.marker.read_text().strip())
        if other != where.home and pointer(other).exists() and place(other).base == where.base:
            raise EmbeddedError(
                f"{where.home} is a copy of {other}, and the database in {where.base} belongs to"
                f" that one. To start here with an empty one, delete {pointer(where.home)}."
            )
    where.marker.write_text(f"{where.home}\n")


def server_account(data: Path) -> str | None:
    """The account PostgreSQL runs under; None for our own. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return pwd.getpwuid(owner).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known:
            return name
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and there is no account to run it under."
        " Create one (useradd --system lepton), or set DATABASE_URL."
    )


def reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may enter every folder down to path."""
    return all(may_enter(part.stat(), account) for part in (path, *path.parents) if part.exists())


def may_enter(facts: os.stat_result, account: pwd.struct_passwd) -> bool:
    if facts.st_uid == account.pw_uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.pw_gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def short(path: Path) -> Path:
    """path, or a stand-in among the temporary files where a socket's path would be too long."""
    if len(os.fsencode(path)) <= SOCKET_FOLDER_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path("/tmp") / f"lepton-{name}"  # noqa: S108, checked in folder()


def folder(path: Path, *, mode: int = 0o700, account: str | None = None) -> Path:
    """Make a folder of ours; refuse one that somebody else put there."""
    owner = pwd.getpwnam(account) if account else None
    uid = owner.pw_uid if owner else os.geteuid()
    if not path.exists():
        path.mkdir(parents=True, mode=0o700)
        if owner:
            os.chown(path, owner.pw_uid, owner.pw_gid)
        path.chmod(mode)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != uid:
        raise EmbeddedError(
            f"{path} belongs to another account (number {facts.st_uid}, expected {uid})."
            " Start Lepton as that account, or set another LEPTON_HOME."
        )
    if stat.S_IMODE(facts.st_mode) & ~mode:
        raise EmbeddedError(f"{path} is open to others: chmod {mode:o} {path}")
    return path
