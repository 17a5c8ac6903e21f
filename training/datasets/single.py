"""A single image that was uploaded as it is: put into a zip, so that every import is one."""

import tempfile
import zipfile
from contextlib import contextmanager

from lepton.lib import storage

# JPEG, PNG, GIF, BMP, TIFF (two byte orders), WebP (within RIFF)
STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")
IN_MEMORY_BYTES = 16 * 1024**2


@contextmanager
def zipped(stream, name: str, head: bytes, *, limit_bytes: int):
    """Yield a stream of a zip with one file. Raises storage.TooManyBytes."""
    image = storage.Incoming(stream, limit_bytes=limit_bytes, head=head)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        with archive, archive.open(name, "w") as inside:
            for chunk in image.chunks():
                inside.write(chunk)
        file.seek(0)
        yield file
