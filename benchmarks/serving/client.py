"""A client that costs next to nothing, so that what a benchmark times is the server."""

import asyncio
from urllib.parse import urlsplit


class Client:
    """Posts bodies to one address on kept connections, as many as are under way at once."""

    def __init__(self, url: str, headers: dict[str, str]):
        self.url = urlsplit(url)
        lines = [f"POST {self.url.path} HTTP/1.1", f"Host: {self.url.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._head = "\r\n".join(lines).encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes) -> int:
        """Return the status of the answer, read to its end; 0 where the connection broke."""
        try:
            reader, writer = await self._connection()
            writer.write(b"%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        except (OSError, asyncio.IncompleteReadError):
            return 0
        self._idle.append((reader, writer))
        return int(head.split(None, 2)[1])

    async def _connection(self):
        if self._idle:
            return self._idle.pop()
        return await asyncio.open_connection(self.url.hostname, self.url.port)

    def close(self) -> None:
        for _reader, writer in self._idle:
            writer.close()
