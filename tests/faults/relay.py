"""The way to the database through a socket of the test's own, which it can cut and mend."""

import contextlib
import socket
import threading
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

NAME = ".s.PGSQL.5432"


class Relay:
    """Passes on what is said to PostgreSQL at `folder`, which must have a short path."""

    def __init__(self, url: str, folder: Path):
        there = conninfo_to_dict(url)["host"]
        self.url = url.replace(quote(there, ""), quote(str(folder), ""))
        self._there, self._here = f"{there}/{NAME}", folder / NAME
        self._pairs: list[socket.socket] = []
        self._listener = None
        self.mend()

    def mend(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._here))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def cut(self) -> None:
        """Nobody gets through any more, and who did hears the end."""
        _end(self._listener)
        self._here.unlink()
        while self._pairs:
            _end(self._pairs.pop())

    def _accept(self, listener) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _address = listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._there)
                self._pairs += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source, sink) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(one) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
