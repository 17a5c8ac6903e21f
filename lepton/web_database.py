"""The web process's connections to the database: a pool, from which each request borrows one.

Under ASGI each request has a thread of its own. A connection that Django keeps for the next
request of that thread would serve nobody any more, and stay open until it is collected.
"""

POOL = {
    "min_size": 1,
    "max_size": 40,  # beside those of workers and data planes: PostgreSQL allows 100 as it comes
    "timeout": 5,  # seconds a request waits for one before it fails
    "max_idle": 60,
}


def pooled(database: dict) -> dict:
    """Return the settings of a database, with a pool in place of connections that are kept."""
    return database | {"CONN_MAX_AGE": 0, "OPTIONS": database.get("OPTIONS", {}) | {"pool": POOL}}
