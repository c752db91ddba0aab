"""What does a received file hold, whether it lies in memory or sealed on a disk?

A file in memory is its bytes. Any other is a file object that can be read from any place; it stays open with whoever
opened it, and is read by one reader at a time.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

Content = bytes | BinaryIO

BLOCK_BYTES = 1 << 22
LARGE_BYTES = 1 << 25
"""Bytes from which on a file is not held in memory."""


def size_of(content: Content) -> int:
    """Number of bytes."""
    return len(content) if isinstance(content, bytes) else content.seek(0, os.SEEK_END)


def head_of(content: Content, most: int) -> bytes:
    """The first bytes."""
    if isinstance(content, bytes):
        return content[:most]
    content.seek(0)
    return content.read(most)


def as_file(content: Content) -> BinaryIO:
    """A file object at its beginning."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    content.seek(0)
    return content


def blocks_of(content: Content, start: int = 0) -> Iterator[bytes]:
    """Yield the bytes from an offset on, some at a time."""
    if isinstance(content, bytes):
        for at in range(start, len(content), BLOCK_BYTES):
            yield content[at : at + BLOCK_BYTES]
        return
    # Up to the next multiple first: a sealed file opens one chunk for each block then.
    at, step = start, BLOCK_BYTES - start % BLOCK_BYTES
    while True:
        content.seek(at)
        block = content.read(step)
        if not block:
            return
        yield block
        at, step = at + len(block), BLOCK_BYTES


class Stream(io.RawIOBase):
    """Blocks as a file to be read once, from its beginning to its end.

    Args:
        blocks: Its bytes.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """As many bytes as asked for, fewer only at the end."""
        parts: list[memoryview] = []
        wanted = size if size is not None and size >= 0 else 1 << 62
        while wanted > 0 and (self._left or self._next()):
            part = self._left[:wanted]
            self._left = self._left[len(part) :]
            wanted -= len(part)
            parts.append(part)
        return parts[0].tobytes() if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer as far as one block does."""
        if not self._left and not self._next():
            return 0
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)

    def _next(self) -> bool:
        for block in self._blocks:
            if block:
                self._left = memoryview(block)
                return True
        return False
