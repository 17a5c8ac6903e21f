"""The web process's connections to the database: a pool, from which each request borrows one.

Under ASGI each request has a thread of its own. A connection that Django keeps for the next
request of that thread would serve nobody any more, and stay open until it is collected.
"""

from asgiref.sync import sync_to_async
from django.db import close_old_connections

POOL = {
    "min_size": 1,
    "max_size": 40,  # beside those of workers and data planes: PostgreSQL allows 100 as it comes
    "timeout": 8,  # seconds a request waits for one before it is answered 503
    "max_idle": 60,
}


def pooled(database: dict) -> dict:
    """Return the settings of a database, with a pool in place of connections that are kept."""
    return database | {"CONN_MAX_AGE": 0, "OPTIONS": database.get("OPTIONS", {}) | {"pool": POOL}}


class ReturnConnections:
    """ASGI middleware: a request gives its connection back before its answer is sent.

    Django does so after, and whoever reads slowly would keep it from the others meanwhile.
    """

    def __init__(self, application):
        self.application = application

    async def __call__(self, scope, receive, send):
        async def send_after(message):
            if message["type"] == "http.response.start":
                await sync_to_async(close_old_connections)()  # in the thread of the request
            await send(message)

        await self.application(scope, receive, send_after)
