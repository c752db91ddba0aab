"""How is a file of any kind sealed, so that only the vault's key opens it and a changed byte is seen?

    magic | sealed data key | chunk | chunk | ... | last chunk
    chunk = length of the sealed bytes (4) | length before compression (4) | sealed bytes

Each file has its own random data key, sealed under the vault's key and the file's name. Chunks are compressed, then
sealed with AES-256-GCM; length, position and "this is the last" are authenticated with them, so that chunks can be
neither swapped nor cut off. A file of any size is sealed and opened a chunk at a time, and read from any place.

References:
    The STREAM construction (a counter and a last-piece flag): Hoang, Reyhanitabar, Rogaway and Vizar, Online
    authenticated-encryption and its nonce-reuse misuse-resistance, CRYPTO 2015, doi:10.1007/978-3-662-47989-6_24.
    There flag and counter are in the nonce; here the counter is, and both are in the associated data.
"""

from __future__ import annotations

import io
import os
import struct
from collections import OrderedDict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"WHSEAL1\n"
CHUNK_BYTES = 4 * 1024 * 1024
_NONCE_BYTES = 12
_SEALED_KEY_BYTES = _NONCE_BYTES + 32 + 16
_HEAD = struct.Struct(">II")
_SEALING = min(4, os.cpu_count() or 1)
"""Chunks sealed at one time."""
_OPEN_CHUNKS = 4
"""Opened chunks that a reader keeps: formats like Parquet go back and forth."""


class BrokenSealError(Exception):
    """The bytes are not what was sealed under this key and name."""


def wrap_key(key: bytes, data_key: bytes, name: str) -> bytes:
    """Seal a data key for the file `name` under `key` (32 bytes)."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data_key, name.encode())


def unwrap_key(key: bytes, sealed: bytes, name: str) -> bytes:
    """Open what `wrap_key` sealed.

    Raises:
        BrokenSealError: Another key, another name, or changed bytes.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError("data key") from error


class Sealer:
    """Seals what is written to it, a chunk at a time; only a sealer that was closed leaves a file that opens.

    Args:
        file: Where the sealed bytes go.
        key: The vault's sealing key, 32 bytes.
        name: The file's name in the vault; opening under another name fails.
    """

    def __init__(self, file: BinaryIO, key: bytes, name: str) -> None:
        data_key = os.urandom(32)
        self._file = file
        self._box = AESGCM(data_key)
        self._waiting = bytearray()
        self._index = 0
        self._pool: ThreadPoolExecutor | None = None
        self._sealing: deque[Future[bytes]] = deque()
        file.write(MAGIC + wrap_key(key, data_key, name))

    def write(self, data: bytes) -> None:
        """Take further bytes."""
        self._waiting += data
        # The last chunk is sealed as such, so that one always waits.
        whole = (len(self._waiting) - 1) // CHUNK_BYTES * CHUNK_BYTES
        for start in range(0, whole, CHUNK_BYTES):
            self._put(bytes(self._waiting[start : start + CHUNK_BYTES]))
        if whole > 0:
            del self._waiting[:whole]

    def close(self) -> None:
        """Seal the last chunk; the file itself stays open."""
        try:
            while self._sealing:
                self._file.write(self._sealing.popleft().result())
            self._file.write(self._seal(self._index, bytes(self._waiting), last=True))
        finally:
            self.stop()

    def stop(self) -> None:
        """Leave the file as it is, which does not open."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _put(self, chunk: bytes) -> None:
        """Have a chunk sealed that is not the last; several are at a time, and written in their order."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_SEALING, thread_name_prefix="seal")
        self._sealing.append(self._pool.submit(self._seal, self._index, chunk))
        self._index += 1
        if len(self._sealing) > _SEALING:
            self._file.write(self._sealing.popleft().result())

    def _seal(self, index: int, chunk: bytes, *, last: bool = False) -> bytes:
        packed = pa.Codec("zstd", compression_level=1).compress(chunk, asbytes=True)
        sealed = self._box.encrypt(_nonce(index), packed, _label(index, len(chunk), last))
        return _HEAD.pack(len(sealed), len(chunk)) + sealed


class SealedReader(io.RawIOBase):
    """Reads what a `Sealer` sealed, from any place; what it hands out is what was sealed.

    Args:
        file: The sealed file; closed with the reader.
        key: The vault's sealing key, 32 bytes.
        name: The file's name in the vault.

    Raises:
        BrokenSealError: Here and by every reading: another key, another name, or changed, missing or added bytes.
    """

    def __init__(self, file: BinaryIO, key: bytes, name: str) -> None:
        super().__init__()
        self._file = file
        start = len(MAGIC) + _SEALED_KEY_BYTES
        head = file.read(start)
        if head[: len(MAGIC)] != MAGIC or len(head) < start:
            raise BrokenSealError("head")
        self._box = AESGCM(unwrap_key(key, head[len(MAGIC) :], name))
        self._codec = pa.Codec("zstd")
        self._chunks = _find_chunks(file, start)
        self._opened: OrderedDict[int, bytes] = OrderedDict()
        self._at = 0
        # A sealer fills every chunk but the last; the lengths are authenticated with the chunks.
        self.size = (len(self._chunks) - 1) * CHUNK_BYTES + self._chunks[-1][2]

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to an offset."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence])
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer as far as one chunk does."""
        index, offset = divmod(self._at, CHUNK_BYTES)
        if index >= len(self._chunks):
            return 0
        part = memoryview(self._chunk(index))[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def readall(self) -> bytes:
        """Everything from here to the end."""
        index, offset = divmod(self._at, CHUNK_BYTES)
        self._at = max(self._at, self.size)
        chunks = [self._open(at) for at in range(index, len(self._chunks))]
        if chunks:
            chunks[0] = chunks[0][offset:]
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _chunk(self, index: int) -> bytes:
        if index not in self._opened:
            self._opened[index] = self._open(index)
            if len(self._opened) > _OPEN_CHUNKS:
                self._opened.popitem(last=False)
        self._opened.move_to_end(index)
        return self._opened[index]

    def _open(self, index: int) -> bytes:
        start, length, plain = self._chunks[index]
        last = index == len(self._chunks) - 1
        try:
            self._file.seek(start)
            packed = self._box.decrypt(_nonce(index), self._file.read(length), _label(index, plain, last))
            chunk: bytes = self._codec.decompress(packed, plain, asbytes=True) if plain else b""
        except (InvalidTag, ValueError, OSError, MemoryError) as error:
            raise BrokenSealError(f"chunk {index}") from error
        if len(chunk) != plain or (not last and plain != CHUNK_BYTES):
            raise BrokenSealError(f"chunk {index}")
        return chunk


def _find_chunks(file: BinaryIO, start: int) -> list[tuple[int, int, int]]:
    """Where each chunk starts, its sealed length and its length; what they say is checked when one is opened."""
    end = file.seek(0, os.SEEK_END)
    found: list[tuple[int, int, int]] = []
    while start < end:
        file.seek(start)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise BrokenSealError(f"chunk {len(found)}")
        length, plain = _HEAD.unpack(head)
        found.append((start + _HEAD.size, length, plain))
        start += _HEAD.size + length
    if start != end or not found:
        raise BrokenSealError(f"chunk {len(found)}")
    return found


def seal(key: bytes, data: bytes, name: str) -> bytes:
    """Seal a few bytes.

    Args:
        key: The vault's sealing key, 32 bytes.
        data: Bytes of any length.
        name: Their name in the vault; opening under another name fails.

    Returns:
        The sealed file.

    Examples:
        >>> open_seal(bytes(32), seal(bytes(32), b"letter", "a"), "a")
        b'letter'
    """
    out = io.BytesIO()
    sealer = Sealer(out, key, name)
    sealer.write(data)
    sealer.close()
    return out.getvalue()


def open_seal(key: bytes, sealed: bytes, name: str) -> bytes:
    """Open what `seal` made.

    Raises:
        BrokenSealError: Another key, another name, or changed, missing or added bytes.
    """
    return SealedReader(io.BytesIO(sealed), key, name).readall()


def _nonce(index: int) -> bytes:
    # A data key seals one file, so a counter never repeats under it.
    return index.to_bytes(_NONCE_BYTES, "big")


def _label(index: int, plain: int, last: bool) -> bytes:
    return MAGIC + index.to_bytes(8, "big") + plain.to_bytes(4, "big") + (b"last" if last else b"more")
