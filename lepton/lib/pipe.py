"""A file that is only written, and taken piece by piece: for archives that are streamed."""

import io


class Pipe(io.RawIOBase):
    """Takes what a zip file writes, and gives it on."""

    def __init__(self):
        self.parts, self.at = [], 0

    def writable(self):
        return True

    def write(self, data):
        self.parts.append(bytes(data))
        self.at += len(data)
        return len(data)

    def tell(self):
        return self.at

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self.parts = self.parts, []
        return b"".join(parts)
