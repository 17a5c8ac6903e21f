"""What is found, missing or misconfigured in an installation, and how to mend it."""

from collections.abc import Iterator

from .finding import OK, PROBLEM, WARNING, Finding

__all__ = ["OK", "PROBLEM", "WARNING", "Finding", "examine"]


def examine() -> Iterator[Finding]:
    """All findings in order; a check that breaks is itself a finding."""
    from . import database, files, machine, services

    for checks in (machine.CHECKS, files.CHECKS, database.CHECKS, services.CHECKS):
        for check in checks:
            try:
                yield from check()
            except Exception as error:
                yield Finding.problem(check.__name__.replace("_", " "), f"{error}".strip())
