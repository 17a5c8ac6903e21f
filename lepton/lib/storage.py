"""Files of tenants, through STORAGES["default"]: a key either holds a whole file or nothing."""

import hashlib
import io
import secrets
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage

CHUNK_BYTES = 1024 * 1024


class LocalStorage(FileSystemStorage):
    """Files on this machine's disk; a name appears only once its file is complete."""

    def _save(self, name, content):
        draft = f"{name}.{secrets.token_hex(4)}.part"
        try:
            super()._save(draft, content)
            Path(self.path(draft)).replace(self.path(name))
        except BaseException:
            Path(self.path(draft)).unlink(missing_ok=True)
            raise
        return name


class TooManyBytes(Exception):
    """A stream went on after the limit it was given."""


class Incoming(File):
    """A stream read once, forward only, while it is measured: `size_bytes` and `sha256` so far."""

    def __init__(self, stream, *, limit_bytes: int, head: bytes = b""):
        super().__init__(stream)
        self.limit_bytes, self.size_bytes = limit_bytes, 0
        self._head, self._hash = head, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all that follow for -1; raise TooManyBytes past the limit."""
        if size is None or size < 0:
            return b"".join(self.chunks())
        chunk = self._head[:size]
        self._head = self._head[len(chunk) :]
        chunk = chunk or self.file.read(size)
        self.size_bytes += len(chunk)
        if self.size_bytes > self.limit_bytes:
            raise TooManyBytes
        self._hash.update(chunk)
        return chunk

    def chunks(self, chunk_size=None):
        while chunk := self.read(chunk_size or CHUNK_BYTES):
            yield chunk

    def seekable(self) -> bool:
        return False

    def seek(self, offset, whence=0):
        if (offset, whence, self.size_bytes) != (0, 0, 0):
            raise io.UnsupportedOperation("This stream is read once.")
        return 0

    def close(self):
        """Leave the stream open: it belongs to whoever gave it."""

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def tenant_key(tenant_id, *parts: str) -> str:
    """Build the key of a tenant's file: `tenants/<tenant id>/…`."""
    return "/".join(["tenants", str(tenant_id), *parts])


def put(key: str, data: bytes) -> None:
    """Store bytes under `key`, in place of what was there."""
    default_storage.save(key, ContentFile(data))


def put_stream(key: str, incoming: Incoming) -> None:
    """Store a stream under `key` without holding it in memory; nothing is kept when it fails."""
    default_storage.save(key, incoming)


def get(key: str) -> bytes:
    """Return the bytes stored under `key`; raises FileNotFoundError."""
    with default_storage.open(key, "rb") as file:
        return file.read()


def reading(key: str):
    """Open `key` as a seekable binary file that is on disk rather than in memory."""
    return default_storage.open(key, "rb")


def discard(key: str) -> None:
    """Remove what is under `key`, if anything."""
    if key:
        default_storage.delete(key)
