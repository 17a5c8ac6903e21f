"""Database work in the data plane's own threads: a broken connection is never met twice."""

from collections.abc import Callable

from django.db import close_old_connections, connection


def with_database(work: Callable, *arguments):
    """Run `work` on this thread's connection; after an error the connection is thrown away."""
    close_old_connections()
    try:
        return work(*arguments)
    except BaseException:
        connection.close()
        raise
