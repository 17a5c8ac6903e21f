"""One readable log: time, process, line; to the terminal and to a rotated file."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

COLOURS = (36, 32, 33, 35, 34, 96, 92, 95)
NAME_WIDTH = 10
FILE_BYTES, FILES = 10_000_000, 5


class Lines(logging.Formatter):
    """`12:30:01 web        | line`, the name in its own colour on a terminal."""

    def __init__(self, *, time: str, colours: dict[str, int] | None = None):
        super().__init__(datefmt=time)
        self.colours = colours or {}

    def format(self, record) -> str:
        name = record.process_name.ljust(NAME_WIDTH)
        if colour := self.colours.get(record.process_name):
            name = f"\033[{colour}m{name}\033[0m"
        return f"{self.formatTime(record, self.datefmt)} {name} | {record.getMessage()}"


class Quiet:
    """A handler whose reader has gone away (`up | head`) must not take the site along."""

    def handleError(self, record):  # noqa: N802, the name is logging's
        pass


class Terminal(Quiet, logging.StreamHandler):
    pass


class File(Quiet, RotatingFileHandler):
    pass


class Log:
    """Call it with a process name and a line."""

    def __init__(self, path: Path, names, *, echo: bool = True):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.logger = logging.Logger("up")  # noqa: LOG001, of its own: Django sets up the others
        file = File(path, maxBytes=FILE_BYTES, backupCount=FILES, errors="replace")
        file.setFormatter(Lines(time="%Y-%m-%d %H:%M:%S"))
        self.logger.addHandler(file)
        if echo:
            self.logger.addHandler(terminal(names))

    def __call__(self, name: str, line: str) -> None:
        self.logger.info("%s", line.rstrip(), extra={"process_name": name})

    def close(self) -> None:
        for handler in self.logger.handlers:
            handler.close()


def terminal(names) -> Terminal:
    names = list(names)
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    handler = Terminal(sys.stdout)
    handler.setFormatter(Lines(time="%H:%M:%S", colours=colours if sys.stdout.isatty() else None))
    return handler
