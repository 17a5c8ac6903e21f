#!/usr/bin/env python
"""The command line; starts the embedded servers for a command that needs them."""

import os
import sys
from contextlib import nullcontext

# These need no database, or look after the servers themselves. Every other command gets them.
SELF_SUFFICIENT = {
    "",
    "check",
    "collectstatic",
    "compilemessages",
    "demo",
    "diffsettings",
    "doctor",
    "findstatic",
    "help",
    "makemessages",
    "spectacular",
    "startapp",
    "test",
    "up",
    "version",
}


def needs_servers(arguments: list[str]) -> bool:
    command = arguments[0] if arguments else ""
    asks_for_words = command.startswith("-") or {"-h", "--help"} & set(arguments)
    return command not in SELF_SUFFICIENT and not asks_for_words


def servers(arguments: list[str]):
    """The embedded servers for as long as the command runs, where no outside ones are named."""
    from lepton import embedded

    if not needs_servers(arguments) or not embedded.wanted():
        return nullcontext()
    return embedded.ensure(embedded.default_home(), embedded.wanted())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")
    from django.core.management import execute_from_command_line

    from lepton.embedded import EmbeddedError

    sys.stdout.reconfigure(line_buffering=True)  # a log of a served site ends with its address
    try:
        with servers(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except EmbeddedError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
