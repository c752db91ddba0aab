"""Which text do the bytes of a file hold?"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from washhouse.sources.rules import RejectedFileError

_CHUNK = 1 << 24
_SOMETHING = re.compile(rb"[^ \t\r\n\0\x1a]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Decoded:
    """A file's text.

    Attributes:
        data: The text in UTF-8.
        start: Offset of its first character, after a byte order mark.
        encoding: How it arrived: `utf-8`, `utf-8-sig`, `utf-16-le`, `utf-16-be` or `cp1252`.
    """

    data: bytes
    start: int
    encoding: str


def decode(data: bytes) -> Decoded:
    """Find out how a file is encoded and bring it to UTF-8.

    A byte order mark decides; without one it is UTF-8 if every byte fits, else Windows-1252, which Excel writes.
    What the encoding does not have becomes the replacement character.

    Raises:
        RejectedFileError: The file is empty, or ends inside a character.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data, mark, encoding)
    if _SOMETHING.search(data) is None:
        raise RejectedFileError("empty-file")
    if data[1:4:2] == b"\0\0" and data[:1] != b"\0":
        return Decoded(_from_utf16(data, "utf-16-le"), 0, "utf-16-le")
    return _unmarked(data)


def _marked(data: bytes, mark: bytes, encoding: str) -> Decoded:
    if _SOMETHING.search(data, len(mark)) is None:
        raise RejectedFileError("empty-file")
    if encoding != "utf-8-sig":
        return Decoded(_from_utf16(data[len(mark) :], encoding), 0, encoding)
    decoded = _unmarked(data)
    return Decoded(decoded.data, len(mark), encoding) if decoded.encoding == "utf-8" else decoded


def _unmarked(data: bytes) -> Decoded:
    problem = _utf8_problem(data)
    if problem is None:
        return Decoded(data, 0, "utf-8")
    if problem >= len(data) - 3 and _is_cut(data, problem):
        raise RejectedFileError("truncated-file", detail="it ends inside a character")
    return Decoded(data.decode("cp1252", "replace").encode(), 0, "cp1252")


def _utf8_problem(data: bytes) -> int | None:
    """Return the offset of the first byte that is not UTF-8, or None."""
    if data.isascii():
        return None
    start = 0
    while start < len(data):
        end = min(start + _CHUNK, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80 and end - start < _CHUNK + 4:
            end += 1
        try:
            data[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            return start + error.start
        start = end
    return None


def _is_cut(data: bytes, problem: int) -> bool:
    """Whether the last bytes start a UTF-8 character and lack its end.

    One such byte alone, after nothing but ASCII, is a letter of Windows-1252.
    """
    if problem == len(data) - 1 and data[:problem].isascii():
        return False
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data[problem:]) == ""
    except UnicodeDecodeError:
        return False


def _from_utf16(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        if error.reason in ("truncated data", "unexpected end of data"):
            raise RejectedFileError("truncated-file", detail="it ends inside a character") from error
    return data.decode(encoding, "replace").encode()
