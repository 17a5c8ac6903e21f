"""Storage: whole files or none."""

import io

import pytest

from lepton.lib import storage


class Breaks(io.BytesIO):
    """A sender that goes away in the middle."""

    def read(self, size=-1):
        if self.tell() > 10:
            raise ConnectionResetError("gone")
        return super().read(6)


def files(tmp_path):
    return [f for f in (tmp_path / "storage").rglob("*") if f.is_file()]


def test_a_stream_is_stored_and_measured():
    incoming = storage.Incoming(io.BytesIO(b"world"), limit_bytes=100, head=b"hello ")
    storage.put_stream("a/b.bin", incoming)
    assert storage.get("a/b.bin") == b"hello world"
    assert incoming.size_bytes == 11
    assert incoming.sha256.startswith("b94d27b9934d3e08")


def test_a_stream_that_breaks_off_leaves_nothing(tmp_path):
    incoming = storage.Incoming(Breaks(b"x" * 100), limit_bytes=1000)
    with pytest.raises(ConnectionResetError):
        storage.put_stream("a/b.bin", incoming)
    assert files(tmp_path) == []


def test_a_stream_over_its_limit_leaves_nothing(tmp_path):
    incoming = storage.Incoming(io.BytesIO(b"x" * 101), limit_bytes=100)
    with pytest.raises(storage.TooManyBytes):
        storage.put_stream("a/b.bin", incoming)
    assert files(tmp_path) == []


def test_putting_again_replaces():
    storage.put("a/b.bin", b"old")
    storage.put("a/b.bin", b"new")
    assert storage.get("a/b.bin") == b"new"
