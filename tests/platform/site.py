"""A small site for tests of the supervisor: python -m tests.platform.site HOME PORT KIND..."""

import sys
from pathlib import Path
from types import SimpleNamespace

from lepton import supervisor
from lepton.supervisor import Process
from lepton.supervisor.probe import answers

HOST = "127.0.0.1"

# Answers every request with its process id; SIGTERM lets it finish the one in flight.
WEB = """
import http.server, os, signal, socket, sys, threading, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(self.path.partition("?wait=")[2] or 0))
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("", 0), Answer, bind_and_activate=False)
server.daemon_threads = False
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
stop = lambda *_: threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
server.server_close()
"""
# A worker with a pool process of its own, which ignores every polite signal.
WORKER = """
import signal, subprocess, sys, time
pool = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"])
print("pool", pool.pid, flush=True)
print("worker is ready", flush=True)
time.sleep(60)
"""


def processes(port: int, kinds) -> list[Process]:
    python = [sys.executable, "-c"]
    known = {
        "first": Process("first", [*python, "print('migrated')"], once=True),
        "web": Process(
            "web",
            [*python, WEB, "{fd}"],
            needs=("first",) if "first" in kinds else (),
            ready=answers(HOST, port),
            listen=(HOST, port),
            setting="LEPTON_PORT",
        ),
        "twin": Process("twin", [*python, WEB, "{fd}"], listen=(HOST, port)),
        "worker": Process("worker", [*python, WORKER], ready="worker is ready"),
        "broken": Process("broken", [*python, "raise SystemExit(3)"], ready="never"),
        "absent": Process("absent", ["/nonexistent/program"], ready="never"),
        "stubborn": Process(
            "stubborn",
            [*python, "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"],
            stop_seconds=0.5,
        ),
    }
    return [known[kind] for kind in kinds]


def main(home: str, port: str, *kinds: str) -> None:
    settings = SimpleNamespace(LEPTON_HOME=Path(home), LEPTON_PUBLIC_URL=f"http://{HOST}:{port}")
    try:
        with supervisor.site(settings, processes=processes(int(port), kinds)) as site:
            site.wait()
    except (supervisor.AlreadyRunning, supervisor.PortTaken) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(*sys.argv[1:])
