"""Zip archives from strangers: looked at as a whole before the first file is unpacked."""

import stat
import struct
import zipfile
from dataclasses import dataclass

from django.utils.translation import gettext as _

MAX_FILE_BYTES = 100 * 1024**2
MAX_UNPACKED_BYTES = 8 * 1024**3
MAX_RATIO, RATIO_COUNTS_FROM_BYTES = 200, 10 * 1024**2
DIRECTORY_BYTES_PER_FILE = 800  # of the zip's own directory: names of up to 700 bytes
END = struct.Struct("<4s4H2LH")  # end of central directory: PKWARE APPNOTE 4.3.16
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class BadArchive(Exception):
    """The archive is refused as a whole: `cause` names what is wrong, `hint` what to do."""

    def __init__(self, cause: str, hint: str = ""):
        super().__init__(cause)
        self.cause, self.hint = cause, hint


class DamagedEntry(Exception):
    """One file cannot be unpacked; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive: `position` counts from 0, `size_bytes` is what it declares."""

    position: int
    path: str
    size_bytes: int
    info: zipfile.ZipInfo


class Archive:
    """The files of a zip that has passed `open_archive`."""

    def __init__(self, zip_file: zipfile.ZipFile, entries: list[Entry]):
        self._zip, self.entries = zip_file, entries

    def read(self, entry: Entry) -> bytes:
        """Unpack one file; never more bytes than it declares. Raises DamagedEntry."""
        try:
            with self._zip.open(entry.info) as file:
                data = file.read(entry.size_bytes + 1)
        except Exception as error:  # zlib, lzma, bz2 and zipfile raise whatever damage provokes
            raise DamagedEntry(str(error)) from None
        if len(data) != entry.size_bytes:
            raise DamagedEntry(_("its size is not the one it declares"))
        return data


def open_archive(file, *, max_files: int) -> Archive:
    """Open a seekable zip, checking all that can be checked unopened. Raises BadArchive."""
    _check_directory(file, max_files)
    try:
        zip_file = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise _not_a_zip(str(error)) from None
    infos = [info for info in zip_file.infolist() if not info.is_dir()]
    if len(infos) > max_files:
        raise _too_many(len(infos), max_files)
    if not infos:
        raise BadArchive(_("The archive holds no files."), _("Zip the folders with the images."))
    entries = [Entry(n, _path_of(info), info.file_size, info) for n, info in enumerate(infos)]
    for entry in entries:
        _check_entry(entry)
    _check_sizes(entries)
    return Archive(zip_file, entries)


def _check_directory(file, max_files):
    """Refuse a huge directory before zipfile reads it into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END.size:
        raise _not_a_zip(_("its end is missing"))
    *_start, count, directory_bytes, _offset, _comment = END.unpack_from(tail, at)
    if directory_bytes == 0xFFFFFFFF:
        count, directory_bytes = _zip64_directory(file, size - len(tail) + at)
    if directory_bytes > DIRECTORY_BYTES_PER_FILE * max(max_files, 1000):
        raise _too_many(count, max_files)


def _zip64_directory(file, end: int) -> tuple[int, int]:
    """The count of files and the directory's bytes from the zip64 record before `end`."""
    file.seek(max(0, end - 20 - 56))
    record = file.read(56)
    if record[:4] != b"PK\x06\x06":
        raise _not_a_zip(_("its end is damaged"))
    return struct.unpack_from("<QQ", record, 32)


def _check_entry(entry):
    info, path = entry.info, entry.path
    parts = path.split("/")
    if (
        "\0" in info.orig_filename
        or "\\" in info.orig_filename
        or any(ord(sign) < 32 for sign in path)
        or path.startswith("/")
        or (len(path) > 1 and path[1] == ":")
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise BadArchive(
            _("The archive holds an unsafe file name: %(name)r.") % {"name": path[:200]},
            _("Names must be relative, with forward slashes. Make the zip again from the folder."),
        )
    if len(path) > 500:
        raise BadArchive(
            _("A file name has more than 500 characters: %(name)s…") % {"name": path[:80]},
            _("Shorten the names of folders and files."),
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadArchive(
            _("The archive holds a symbolic link: %(name)s.") % {"name": path},
            _("Zip the files themselves (without the option that stores links)."),
        )
    if info.flag_bits & 0x1:
        raise BadArchive(
            _("The archive is encrypted: %(name)s.") % {"name": path},
            _("Make the zip again without a password."),
        )
    if info.compress_type not in METHODS:
        raise BadArchive(
            _("%(name)s is compressed in a way we cannot read.") % {"name": path},
            _("Make the zip again with the usual compression (deflate)."),
        )


def _check_sizes(entries):
    for entry in entries:
        packed = max(entry.info.compress_size, 1)
        if entry.size_bytes > RATIO_COUNTS_FROM_BYTES and entry.size_bytes / packed > MAX_RATIO:
            raise _bomb(entry.path, entry.size_bytes, packed)
    if (unpacked := sum(entry.size_bytes for entry in entries)) > MAX_UNPACKED_BYTES:
        raise BadArchive(
            _("The archive unpacks to %(gigabytes).1f GB; at most %(limit).1f GB are unpacked.")
            % {"gigabytes": unpacked / 1e9, "limit": MAX_UNPACKED_BYTES / 1e9},
            _("Split it into several archives: each adds to the dataset."),
        )


def _path_of(info) -> str:
    """The entry's name; many programs write UTF-8 without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _bomb(path, size_bytes, packed):
    return BadArchive(
        _("%(name)s unpacks to %(ratio)d times its size, as only a zip bomb does.")
        % {"name": path, "ratio": size_bytes // packed},
        _("Leave this file out."),
    )


def _too_many(count, max_files):
    return BadArchive(
        _("The archive holds %(count)d files: at most %(limit)d are imported at once.")
        % {"count": count, "limit": max_files},
        _("Split it into several archives: each adds to the dataset."),
    )


def _not_a_zip(detail):
    return BadArchive(
        _("The file is not a zip archive that can be read (%(detail)s).") % {"detail": detail},
        _("Zip the folder with the images and upload the .zip file."),
    )
