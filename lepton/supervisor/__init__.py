"""What `manage.py up` runs: every process of an installation, started, watched and drained."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .child import Child
from .log import Log
from .single import AlreadyRunning, only_one
from .table import Process, table

__all__ = ["AlreadyRunning", "PortTaken", "Process", "Supervisor", "site", "table"]

TICK_SECONDS = 0.1
BACKLOG = 1024  # connections that wait while a process is started anew


class PortTaken(Exception):
    """An address cannot be listened on."""


class Supervisor:
    """Runs the processes between start() and stop(); wait() blocks until a signal ends it.

    All children are started by one thread that outlives them: the kernel ties their death
    signal to the thread that started them.
    """

    def __init__(self, processes: list[Process], *, home, address="", echo: bool = True):
        self.home, self.address = Path(home), address
        self.log = Log(self.home / "log" / "lepton.log", [p.name for p in processes], echo=echo)
        self.resources = ExitStack()
        self.resources.callback(self.log.close)
        self.sockets: dict[tuple, socket.socket] = {}  # by address: several may share one
        for process in processes:
            if process.listen and process.listen not in self.sockets:
                self.sockets[process.listen] = self.listen(process)
        self.children = [Child(p, self.log, fd=self.fd(p)) for p in processes]
        self.stopping, self.ready = threading.Event(), threading.Event()
        self.loop = threading.Thread(target=self.run, name="supervisor")

    def listen(self, process: Process) -> socket.socket:
        """Open the socket here, so that a restart of the process refuses no connection."""
        host, port = process.listen
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            held = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as problem:
            self.resources.close()
            number = problem.errno or 0
            reason = os.strerror(number) if number > 0 else problem.strerror
            raise PortTaken(
                f"{process.name} cannot listen on {host}:{port} ({reason})."
                f" Stop the program that uses it, or set {process.setting or 'another port'}."
            ) from problem
        self.resources.callback(held.close)
        return held

    def fd(self, process: Process) -> int | None:
        return self.sockets[process.listen].fileno() if process.listen else None

    def __enter__(self):
        self.began = time.monotonic()
        self.loop.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        """Drain everything and wait for it."""
        self.stopping.set()
        self.loop.join()

    def wait_ready(self, timeout: float) -> bool:
        """Whether all processes are ready within timeout seconds."""
        until = time.monotonic() + timeout
        while not self.ready.wait(0.1):
            if self.stopping.is_set() or time.monotonic() > until:
                return False
        return True

    def wait(self) -> None:
        """Block until the loop has ended (after stop(), or a signal under `signals`)."""
        while self.loop.is_alive():
            self.loop.join(0.5)

    def child(self, name: str) -> Child:
        return next(child for child in self.children if child.process.name == name)

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.tick()
                self.stopping.wait(TICK_SECONDS)
        finally:
            self.drain()
            self.resources.close()

    def tick(self) -> None:
        ready = {child.process.name for child in self.children if child.ready}
        for child in self.children:
            child.tick(ready.issuperset(child.process.needs))
        if not self.ready.is_set() and all(child.announced for child in self.children):
            self.ready.set()
            seconds = time.monotonic() - self.began
            self.log("up", f"* Lepton is ready at {self.address} ({seconds:.1f} s)")

    def drain(self) -> None:
        """In reverse order: a process is asked to stop once nothing that needs it runs."""
        self.log("up", "* stopping; requests and steps in flight are finished first")
        for held in self.sockets.values():
            held.close()  # from now on the last to listen is the process itself
        remaining = list(self.children)
        while remaining:
            needed = {name for child in remaining for name in self.needs_of(child)}
            for child in remaining:
                if child.process.name not in needed:
                    child.drain()
            remaining = [child for child in remaining if not child.drained()]
            time.sleep(0.05)
        self.log("up", "* stopped")

    def needs_of(self, child: Child) -> set[str]:
        """Names of everything it needs, directly or through others."""
        found, open_names = set(), list(child.process.needs)
        while open_names:
            name = open_names.pop()
            if name not in found:
                found.add(name)
                open_names += self.child(name).process.needs
        return found

    def hurry(self) -> None:
        for child in self.children:
            child.hurry()


@contextmanager
def signals(supervisor: Supervisor):
    """SIGTERM, Ctrl-C and a closed terminal drain; the second one does not wait any longer."""

    def react(*_):
        if supervisor.stopping.is_set():
            supervisor.hurry()
        supervisor.stopping.set()

    names = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {name: signal.signal(name, react) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def site(settings, *, processes: list[Process] | None = None, echo: bool = True):
    """The whole installation runs inside the block; it ends when the block does."""
    from lepton import embedded

    os.umask(0o077)  # what the processes write is nobody else's business
    home, address = Path(settings.LEPTON_HOME), settings.LEPTON_PUBLIC_URL
    with only_one(home, address):
        try:
            if processes is None:
                processes = table(settings, embedded.prepare(home, embedded.wanted()))
            supervisor = Supervisor(processes, home=home, address=address, echo=echo)
            with signals(supervisor), supervisor:
                yield supervisor
        finally:
            embedded.leave(home)
