"""PostgreSQL and Redis from wheels, for a home that names no servers of its own.

Everything is found from the home alone. A server runs as long as a process uses it; the last
one to leave stops it. Only the supervisor owns its servers: it starts and watches them itself.
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from . import broker, lifetime, postgres, server
from .place import STATE_ROOT, EmbeddedError, Place, place
from .server import Server

REPOSITORY = Path(__file__).resolve().parents[2]

__all__ = [
    "EmbeddedError",
    "Handle",
    "belongings",
    "database_url",
    "default_home",
    "ensure",
    "find",
    "leave",
    "parts_of",
    "place",
    "prepare",
    "redis_url",
    "reset",
    "running",
    "start_postgres",
    "start_redis",
    "stop",
    "wanted",
]


class Handle(Server):
    """What start_postgres and start_redis return: pid, poll() and stop()."""

    def stop(self) -> bool:
        """Stop the server unless another process uses it; says whether it is stopped."""
        with lifetime.lock(self.part.where):
            lifetime.join(self.part.where)
            if lifetime.alone(self.part.where):
                server.stop(self.part)
        return self.poll() is not None


def default_home() -> Path:
    """LEPTON_HOME, else .lepton beside the code, with links resolved as in the settings."""
    return Path(os.environ.get("LEPTON_HOME") or REPOSITORY / ".lepton").resolve()


def database_url(home, role: str = "app") -> str:
    """The address over the private socket; role is "owner" (migrations) or "app"."""
    return postgres.url(place(home), role)


def redis_url(home) -> str:
    return broker.url(place(home))


def parts_of(where: Place) -> list:
    return [postgres.Postgres(where), broker.Redis(where)]


def wanted() -> list[str]:
    """The servers for which the environment names none: of "postgres" and "redis"."""
    names = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
    return [name for name, variable in names.items() if not os.environ.get(variable)]


def start_postgres(home) -> Handle:
    return _start(postgres.Postgres(place(home)))


def start_redis(home) -> Handle:
    return _start(broker.Redis(place(home)))


def _start(part) -> Handle:
    with lifetime.lock(part.where):
        lifetime.join(part.where)
        return Handle(part, server.start(part).pid)


def prepare(home, names=("postgres", "redis")) -> list:
    """Make what the servers need, and count as their user; for the supervisor, which then
    starts each by its command() and calls leave() in the end."""
    where = place(home)
    parts = [part for part in parts_of(where) if part.name in names]
    with lifetime.lock(where):
        lifetime.join(where)
        for part in parts:
            part.prepare()
    return parts


def find(part) -> Server | None:
    """The running server of a part, whoever started it."""
    pid = server.find(part)
    return Server(part, pid) if pid else None


def leave(home) -> None:
    """Count no longer as a user; what still runs and nobody uses is stopped."""
    where = place(home)
    lifetime.leave(where, parts_of(where))


def running(home) -> dict[str, int]:
    """Process ids of the servers that run for this home, by name."""
    found = {part.name: server.find(part) for part in parts_of(place(home))}
    return {name: pid for name, pid in found.items() if pid}


@contextmanager
def ensure(home, names=("postgres", "redis")):
    """The servers run inside the block; at its end they stop unless somebody else uses them."""
    where = place(home)
    parts = [part for part in parts_of(where) if part.name in names]
    with lifetime.polite_end():
        try:
            yield {part.name: _start(part) for part in parts}
        finally:
            lifetime.leave(where, parts)


def stop(home) -> None:
    """Stop this home's servers, whoever uses them."""
    where = place(home)
    with lifetime.lock(where):
        for part in parts_of(where):
            server.stop(part)


def belongings(home) -> list[Path]:
    """What reset deletes: the home, and what a closed home made us keep outside of it."""
    where = place(home)
    outside = [where.postgres_sockets, where.redis_sockets]
    if where.base != where.home and where.base.parent == STATE_ROOT:
        outside.append(where.base)
    inside = (where.home, where.base)
    kept = [p for p in outside if p == where.base or not any(p.is_relative_to(i) for i in inside)]
    return [path for path in (where.home, *kept) if path.exists()]


def reset(home) -> list[Path]:
    """Stop the servers and delete everything of this home; returns what was deleted."""
    stop(home)
    paths = belongings(home)
    for path in reversed(paths):
        shutil.rmtree(path)
    return paths
