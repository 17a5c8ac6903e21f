"""The inference process: `python -m serving.inference --fd N` (inherited socket) or `--port N`."""

import argparse
import asyncio
import gc
import logging
import os
import socket
import sys
import time

import django
import uvicorn

DRAIN_SECONDS = 10
TICKS = 10  # of uvicorn's, a second
LEAVE_SECONDS, LOOK_SECONDS = 2.0, 0.02  # clients that ask more seldom lose their connection
SWITCH_SECONDS = 0.0005  # the event loop waits no longer for a worker that runs Python
log = logging.getLogger("serving.inference")


class Server(uvicorn.Server):
    """Before it closes connections it lets clients finish with them: a request that arrives on one
    just as it is closed is lost."""

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            now = time.perf_counter()
            for connection in list(self.server_state.connections):
                connection.look(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.is_leaving = True
        for server in self.servers:
            server.close()
        until = time.monotonic() + LEAVE_SECONDS
        while self.server_state.connections and not self.force_exit and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
        await super().shutdown(sockets)


def main() -> None:
    """Serve until SIGTERM; then finish what is in flight and write the log."""
    parser = argparse.ArgumentParser(description="Answer predictions.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="a listening socket, inherited")
    where.add_argument("--port", type=int, help="a port of LEPTON_HOST to listen on")
    parser.add_argument("--own-port", type=int, help="another port, that no process shares")
    parser.add_argument("--runtime", help="what runs the models; default: LEPTON_RUNTIME")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")
    gc.disable()  # nothing of what is loaded from here on goes
    django.setup()
    from lepton.lib import tracing  # its middleware needs the settings

    tracing.start("inference")
    serve(listening(options), runtime=known_runtime(parser, options.runtime))


def known_runtime(parser: argparse.ArgumentParser, name: str | None) -> str:
    """The one named on the command line, else in the settings; ends the process if unknown."""
    from django.conf import settings

    from serving.runtimes import RUNTIMES

    name = name or settings.LEPTON_RUNTIME
    if name not in RUNTIMES:
        parser.error(f"unknown runtime {name!r}; known are {', '.join(RUNTIMES)}")
    return name


def listening(options) -> list[socket.socket]:
    from django.conf import settings

    inherited = [] if options.fd is None else [socket.socket(fileno=options.fd)]
    ports = [port for port in (options.port, options.own_port) if port]
    return inherited + [
        socket.create_server((settings.LEPTON_HOST, port), backlog=512) for port in ports
    ]


def serve(listeners: list[socket.socket], *, runtime: str) -> None:
    from django.conf import settings

    from serving.connection import Connection
    from serving.plane import DataPlane  # its models need the apps to be loaded

    plane = DataPlane(runtime=runtime, threads=settings.LEPTON_INFERENCE_THREADS)
    config = uvicorn.Config(
        plane,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody asks here for whom a proxy speaks
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what is there now stays, and need not be looked at again and again
    gc.enable()
    log.info("listening on %s", ", ".join(str(one.getsockname()) for one in listeners))
    Server(config).run(sockets=listeners)


if __name__ == "__main__":
    main()
