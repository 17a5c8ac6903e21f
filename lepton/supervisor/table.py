"""What `manage.py up` starts: one entry per process, in order."""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from .probe import answers

PYTHON = sys.executable
# Not by httptools: it loses the body of a request that offers HTTP/2, as all of Java's client do.
WEB = ["-m", "uvicorn", "lepton.asgi:application", "--http", "h11"]


@dataclass(frozen=True)
class Process:
    """One supervised program; `{fd}` in its command becomes its listening socket."""

    name: str
    command: list[str] | Callable[[], list[str]]
    needs: tuple[str, ...] = ()  # names of the processes that must be ready before
    ready: Callable[[], bool] | str | None = None  # a check, or what its log says; None: at once
    once: bool = False  # runs to its end; ready when that was a success
    listen: tuple[str, int] | None = None  # host and port of the socket we hold for it
    setting: str = ""  # the variable that changes the port
    environment: dict[str, str] = field(default_factory=dict)
    account: str | None = None
    find: Callable[[], object] = lambda: None  # one that somebody else has started already
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 20  # then it is killed
    death_signal: int = signal.SIGKILL  # sent by the kernel should the supervisor be killed


def table(settings, parts=()) -> list[Process]:
    """The processes of one installation; parts are the embedded servers it needs."""
    servers = [embedded_server(part) for part in parts]
    migrate = Process(
        "migrate",
        [PYTHON, "manage.py", "migrate", "--database", "owner", "--no-input", "--skip-checks"],
        needs=tuple(server.name for server in servers),
        once=True,
    )
    library = Process(
        "library", [PYTHON, "manage.py", "load_library"], needs=("migrate",), once=True
    )
    return [
        *servers,
        migrate,
        library,
        web(settings),
        worker("runs", settings, {"OMP_NUM_THREADS": str(settings.LEPTON_THREADS)}),
        worker("imports", settings),
        worker("checks", settings),
        worker("quick", settings),
        *inference(settings),
    ]


def embedded_server(part) -> Process:
    from lepton import embedded

    def command():
        part.prepare()
        return [*part.command(), *part.when_logged_elsewhere]

    return Process(
        part.name,
        command,
        ready=part.ready,
        account=part.account,
        find=lambda: embedded.find(part),
        stop_signal=part.stop_signal,
        death_signal=part.stop_signal,
    )


def web(settings) -> Process:
    calm = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "15"]
    return Process(
        "web",
        [PYTHON, *WEB, "--fd", "{fd}", *calm],
        needs=("migrate",),
        ready=answers(settings.LEPTON_HOST, settings.LEPTON_PORT, settings.ALLOWED_HOSTS),
        listen=(settings.LEPTON_HOST, settings.LEPTON_PORT),
        setting="LEPTON_PORT",
    )


def inference(settings) -> list[Process]:
    """The data plane: one process, or several that share its socket.

    Which of them answers there is chance, so each of several has a port of its own for its health
    and its figures, counted up from the shared one.
    """
    count, port = settings.LEPTON_INFERENCE_PROCESSES, settings.LEPTON_INFERENCE_PORT
    alone = [PYTHON, "-m", "serving.inference", "--fd", "{fd}"]
    if count == 1:
        return [_inference("inference", alone, port, settings)]
    own = range(port + 1, port + 1 + count)
    return [
        _inference(f"inference{n}", [*alone, "--own-port", str(its)], its, settings)
        for n, its in enumerate(own, 1)
    ]


def _inference(name: str, command: list[str], health_port: int, settings) -> Process:
    return Process(
        name,
        command,
        needs=("migrate",),
        ready=answers(settings.LEPTON_HOST, health_port, settings.ALLOWED_HOSTS),
        listen=(settings.LEPTON_HOST, settings.LEPTON_INFERENCE_PORT),
        setting="LEPTON_INFERENCE_PORT",
    )


def worker(queue: str, settings, environment: dict[str, str] | None = None) -> Process:
    celery = ["-m", "celery", "-q", "-A", "lepton", "worker", "--pool=prefork", "-c", "1"]
    alone = ["-Q", queue, "-n", f"{queue}@%h", "--without-gossip", "--without-mingle"]
    return Process(
        queue,
        [PYTHON, *celery, *alone, "-l", "INFO"],
        needs=("migrate",),
        ready=rf"\b{queue}@\S+ ready",
        # Lepton's messages carry nothing that could harm root: Celery's warning is about pickle.
        environment={"PYTHONWARNINGS": "ignore:You're running the worker"} | (environment or {}),
    )
