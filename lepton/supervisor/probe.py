"""Health checks: does a process answer?"""

import socket
from collections.abc import Callable

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104, not bound to


def answers(host: str, port: int, allowed_hosts=(), path: str = "/livez") -> Callable[[], bool]:
    """A check that the process behind host and port answers the path with 200."""
    reach = ANY_ADDRESS.get(host, host)
    named = next((name.lstrip(".") for name in allowed_hosts if name not in ("*", "")), reach)

    def check(timeout: float = 5) -> bool:
        # Connecting proves nothing: the supervisor itself holds the listening socket.
        try:
            with socket.create_connection((reach, port), timeout=timeout) as line:
                line.sendall(f"GET {path} HTTP/1.1\r\nHost: {named}\r\n".encode())
                line.sendall(b"Connection: close\r\n\r\n")
                answer = b"".join(iter(lambda: line.recv(4096), b""))  # whole: no reset for it
                return answer.split(b" ", 2)[1:2] == [b"200"]
        except OSError:
            return False

    return check
