"""Which files does an archive of table files hold, or a packed file, and is it safe to open?"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from washhouse.sources.content import BLOCK_BYTES, LARGE_BYTES, Content, as_file, size_of
from washhouse.sources.rules import RejectedFileError

MOST_MEMBERS = 200
MOST_BYTES = 64 << 30
MOST_RATIO = 200
"""Bytes that one compressed byte may become; text compresses about tenfold, a bomb a thousandfold and more."""


def is_archive(name: str) -> bool:
    """Whether a file is a zip archive, by its name."""
    return name.casefold().endswith(".zip")


def open_archive(content: Content) -> dict[str, Callable[[], Content]]:
    """Return what unpacks each member of a zip archive, by name; every member was unpacked once to see that it is safe.

    Raises:
        RejectedFileError: It holds no file, is damaged, encrypted or nested, leads out of its folder, names a member
            twice, or would unpack to more than is plausible for text.
    """
    try:
        archive = zipfile.ZipFile(as_file(content))
        members = [member for member in archive.infolist() if not member.is_dir()]
        if not members:
            raise RejectedFileError("empty-file")
        if len(members) > MOST_MEMBERS:
            raise _unsafe(f"it holds more than {MOST_MEMBERS} files")
        budget = min(MOST_BYTES, MOST_RATIO * size_of(content))
        files: dict[str, Callable[[], Content]] = {}
        for member in members:
            name = _safe_name(member)
            if name in files:
                raise _unsafe("two of its files have the same name")
            size, head = _unpack(archive, member, budget)
            budget -= size
            if is_archive(name) or head.startswith(b"PK\x03\x04"):
                raise _unsafe("it holds another archive")
            # Parquet is read back and forth, which a packed stream cannot do well.
            is_small = size < LARGE_BYTES or head.startswith(b"PAR1")
            files[name] = partial(_read, archive, member, in_memory=is_small)
        return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _unsafe("it is damaged, encrypted or packed in an unknown way") from error


def is_packed(name: str) -> bool:
    """Whether a file is a gzip file, by its name."""
    return name.casefold().endswith(".gz")


def unpacked_name(name: str) -> str:
    """The name that a packed file has when it is unpacked.

    >>> unpacked_name("measurement.csv.GZ"), unpacked_name("measurement.csv")
    ('measurement.csv', 'measurement.csv')
    """
    return name[:-3] if is_packed(name) else name


def open_packed(content: Content) -> Callable[[], Content]:
    """Return what unpacks a gzip file; it was unpacked once to see that it is whole and safe.

    Raises:
        RejectedFileError: It is damaged or cut, holds another archive, or would unpack to more than is plausible.
    """
    try:
        with gzip.open(as_file(content)) as stream:
            size, head = _let_go(cast(IO[bytes], stream), min(MOST_BYTES, MOST_RATIO * size_of(content)))
    except (EOFError, OSError, zlib.error) as error:
        raise _unsafe("it is damaged, or breaks off") from error
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise _unsafe("it holds another archive")
    return partial(_read_packed, content, in_memory=size < LARGE_BYTES or head.startswith(b"PAR1"))


def _read_packed(content: Content, *, in_memory: bool) -> Content:
    stream = gzip.GzipFile(fileobj=as_file(content))
    if not in_memory:
        return cast(BinaryIO, stream)
    with stream:
        return stream.read()


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: int) -> tuple[int, bytes]:
    """Unpack a member and let go of it; returns its size and its first bytes."""
    with archive.open(member) as stream:
        return _let_go(stream, budget)


def _let_go(stream: IO[bytes], budget: int) -> tuple[int, bytes]:
    size, head = 0, b""
    while block := stream.read(BLOCK_BYTES):
        head = head or block[:4]
        size += len(block)
        if size > budget:
            raise _unsafe("it would unpack to more than text can")
    return size, head


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, in_memory: bool) -> Content:
    stream = archive.open(member)
    if not in_memory:
        return cast(BinaryIO, stream)
    with stream:
        return stream.read()


def _safe_name(member: zipfile.ZipInfo) -> str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.filename:
        raise _unsafe("a file in it leads out of its folder")
    return path.name


def _unsafe(detail: str) -> RejectedFileError:
    return RejectedFileError("unsafe-archive", detail=detail)
