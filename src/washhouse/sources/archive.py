"""Which files does an archive of table files hold, and is it safe to open?"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from washhouse.sources.rules import RejectedFileError

MOST_MEMBERS = 200
MOST_BYTES = 8 << 30
MOST_RATIO = 200
"""Bytes that one compressed byte may become; text compresses about tenfold, a bomb a thousandfold and more."""


def is_archive(name: str) -> bool:
    """Whether a file is a zip archive, by its name."""
    return name.casefold().endswith(".zip")


def open_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of a zip archive by name, unpacked in memory.

    Raises:
        RejectedFileError: It holds no file, is damaged, encrypted or nested, leads out of its folder, names a member
            twice, or would unpack to more than is plausible for text.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if not members:
                raise RejectedFileError("empty-file")
            if len(members) > MOST_MEMBERS:
                raise _unsafe(f"it holds more than {MOST_MEMBERS} files")
            budget = min(MOST_BYTES, MOST_RATIO * len(data))
            files: dict[str, bytes] = {}
            for member in members:
                name = _safe_name(member)
                if name in files:
                    raise _unsafe("two of its files have the same name")
                with archive.open(member) as stream:
                    files[name] = stream.read(budget + 1)
                budget -= len(files[name])
                if budget < 0:
                    raise _unsafe("it would unpack to more than text can")
                if is_archive(name) or files[name].startswith(b"PK\x03\x04"):
                    raise _unsafe("it holds another archive")
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _unsafe("it is damaged, encrypted or packed in an unknown way") from error


def _safe_name(member: zipfile.ZipInfo) -> str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.filename:
        raise _unsafe("a file in it leads out of its folder")
    return path.name


def _unsafe(detail: str) -> RejectedFileError:
    return RejectedFileError("unsafe-archive", detail=detail)
