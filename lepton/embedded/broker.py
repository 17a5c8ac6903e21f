"""The embedded Redis: a private unix socket, an append-only file, no TCP."""

import signal
import socket

from .place import Place, folder
from .programs import redis_server


class Redis:
    """Shape shared with Postgres: name, stop_signal, account, prepare, command, pid_file, ready."""

    name = "redis"
    when_logged_elsewhere = ()
    stop_signal = signal.SIGTERM
    account = None

    def __init__(self, where: Place):
        self.where = where
        self.identity = str(self.socket)
        self.pid_file = where.redis / "redis.pid"
        self.notes = [self.pid_file]

    @property
    def socket(self):
        return self.where.redis_sockets / "redis.sock"

    def prepare(self) -> None:
        folder(self.where.redis)
        folder(self.where.redis_sockets)
        self.program = redis_server()

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.where.redis),
            "pidfile": str(self.pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "warning",
            "maxmemory-policy": "noeviction",
        }
        pairs = [word for key, value in options.items() for word in (f"--{key}", value)]
        return [str(self.program), *pairs]

    def ready(self) -> bool:
        """Whether it answers PING (it does not while it loads its file)."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def url(where: Place) -> str:
    return f"unix://{where.redis_sockets / 'redis.sock'}"
