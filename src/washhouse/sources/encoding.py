"""Which text do the bytes of a file hold?"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from washhouse.sources.content import Content, blocks_of, head_of, size_of
from washhouse.sources.rules import RejectedFileError

_SOMETHING = re.compile(rb"[^ \t\r\n\0\x1a]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Decoded:
    """A file's text, in UTF-8; offsets are bytes of it.

    Attributes:
        content: The bytes as received.
        encoding: How the text arrived: `utf-8`, `utf-8-sig`, `utf-16-le`, `utf-16-be` or `cp1252`.
        start: Offset of its first character, after a byte order mark.
        skipped: Bytes received that are no part of the text.
        length: Bytes of the text.
        last_quote: Offset of the last quotation mark, -1 if there is none.
        is_ended: Whether the last line is ended.
    """

    content: Content
    encoding: str
    start: int
    skipped: int
    length: int
    last_quote: int
    is_ended: bool

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        """Yield the text from an offset on, some at a time; a piece may end inside a character."""
        if self.encoding in ("utf-8", "utf-8-sig"):
            yield from blocks_of(self.content, start)
            return
        for piece in _recoded(self.content, self.encoding, self.skipped):
            if start < len(piece):
                yield piece[start:]
            start = max(0, start - len(piece))

    @property
    def data(self) -> bytes:
        """All of the text."""
        return b"".join(self.pieces())


def decode(content: Content) -> Decoded:
    """Find out how a file is encoded, and bring it to UTF-8.

    A byte order mark decides; without one it is UTF-8 if every byte fits, else Windows-1252, which Excel writes.
    What the encoding does not have becomes the replacement character.

    Raises:
        RejectedFileError: The file is empty, or ends inside a character.
    """
    head = head_of(content, 4)
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if head.startswith(mark)), (b"", "utf-8"))
    if not any(_SOMETHING.search(block) for block in blocks_of(content, len(mark))):
        raise RejectedFileError("empty-file")
    if not mark and head[1:4:2] == b"\0\0" and head[:1] != b"\0":
        encoding = "utf-16-le"
    if encoding.startswith("utf-16"):
        return _decode_utf16(content, encoding, len(mark))
    return _decode_bytes(content, encoding, len(mark))


def _decode_bytes(content: Content, encoding: str, start: int) -> Decoded:
    survey = _Survey()
    problem = None
    reader = codecs.getincrementaldecoder("utf-8")()
    waiting = 0
    is_ascii = True
    for block in blocks_of(content):
        try:
            if waiting or not block.isascii():
                reader.decode(block)
        except UnicodeDecodeError as error:
            problem = survey.length - waiting + error.start
            is_ascii = is_ascii and block[: max(0, problem - survey.length)].isascii()
            break
        waiting = len(reader.getstate()[0])
        is_ascii = is_ascii and (block[: len(block) - waiting].isascii())
        survey.add(block)
    else:
        problem = survey.length - waiting if waiting else None
    if problem is None:
        return survey.conclude(content, encoding, start=start)
    size = size_of(content)
    if problem >= size - 3 and _is_cut(b"".join(blocks_of(content, problem)), after_ascii=is_ascii):
        raise RejectedFileError("truncated-file", detail="it ends inside a character")
    return _survey_recoded(content, "cp1252", 0)


def _is_cut(end: bytes, *, after_ascii: bool) -> bool:
    """Whether the last bytes start a UTF-8 character and lack its end.

    One such byte alone, after nothing but ASCII, is a letter of Windows-1252.
    """
    if len(end) == 1 and after_ascii:
        return False
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(end) == ""
    except UnicodeDecodeError:
        return False


def _decode_utf16(content: Content, encoding: str, skipped: int) -> Decoded:
    reader = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks_of(content, skipped):
            reader.decode(block)
        reader.decode(b"", True)
    except UnicodeDecodeError as error:
        if error.reason in ("truncated data", "unexpected end of data"):
            raise RejectedFileError("truncated-file", detail="it ends inside a character") from error
    return _survey_recoded(content, encoding, skipped)


def _recoded(content: Content, encoding: str, skipped: int) -> Iterator[bytes]:
    reader = codecs.getincrementaldecoder(encoding)("replace")
    for block in blocks_of(content, skipped):
        yield reader.decode(block).encode("utf-8", "replace")
    yield reader.decode(b"", True).encode("utf-8", "replace")


def _survey_recoded(content: Content, encoding: str, skipped: int) -> Decoded:
    survey = _Survey()
    for piece in _recoded(content, encoding, skipped):
        survey.add(piece)
    return survey.conclude(content, encoding, skipped=skipped)


class _Survey:
    """What is to be known of a text before it is read."""

    def __init__(self) -> None:
        self.length = 0
        self._last_quote = -1
        self._end = b""

    def add(self, piece: bytes) -> None:
        found = piece.rfind(b'"')
        if found >= 0:
            self._last_quote = self.length + found
        self.length += len(piece)
        self._end = piece[-1:] or self._end

    def conclude(self, content: Content, encoding: str, *, start: int = 0, skipped: int = 0) -> Decoded:
        is_ended = self._end in (b"\n", b"\r")
        return Decoded(content, encoding, start, skipped, self.length, self._last_quote, is_ended)
