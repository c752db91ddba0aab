"""How is a file of any kind sealed, so that only the vault's key opens it and a changed byte is seen?

    magic | sealed data key | chunk | chunk | ... | last chunk
    chunk = length of the sealed bytes (4) | length before compression (4) | sealed bytes

Each file has its own random data key, sealed under the vault's key and the file's name. Chunks are compressed, then
sealed with AES-256-GCM; length, position and "this is the last" are authenticated with them, so that chunks can be
neither swapped nor cut off.
"""

from __future__ import annotations

import os
import struct

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"WHSEAL1\n"
CHUNK_BYTES = 4 * 1024 * 1024
_NONCE_BYTES = 12
_SEALED_KEY_BYTES = _NONCE_BYTES + 32 + 16
_HEAD = struct.Struct(">II")


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


def seal(key: bytes, data: bytes, name: str) -> bytes:
    """Seal a file's bytes.

    Args:
        key: The vault's sealing key, 32 bytes.
        data: Bytes of any length.
        name: The file's name in the vault; opening under another name fails.

    Returns:
        The sealed file.

    Examples:
        >>> open_seal(bytes(32), seal(bytes(32), b"letter", "a"), "a")
        b'letter'
    """
    data_key = os.urandom(32)
    box = AESGCM(data_key)
    codec = pa.Codec("zstd", compression_level=1)
    out = [MAGIC, wrap_key(key, data_key, name)]
    view = memoryview(data)
    starts = range(0, max(len(data), 1), CHUNK_BYTES)
    for index, start in enumerate(starts):
        chunk = view[start : start + CHUNK_BYTES]
        packed = codec.compress(chunk, asbytes=True)
        sealed = box.encrypt(_nonce(index), packed, _label(index, len(chunk), index == len(starts) - 1))
        out += [_HEAD.pack(len(sealed), len(chunk)), sealed]
    return b"".join(out)


def open_seal(key: bytes, sealed: bytes, name: str) -> bytes:
    """Open what `seal` made.

    Raises:
        BrokenSealError: Another key, another name, or changed, missing or added bytes.
    """
    start = len(MAGIC) + _SEALED_KEY_BYTES
    if sealed[: len(MAGIC)] != MAGIC or len(sealed) < start:
        raise BrokenSealError("head")
    box = AESGCM(unwrap_key(key, sealed[len(MAGIC) : start], name))
    codec = pa.Codec("zstd")
    out: list[bytes] = []
    index = 0
    while start < len(sealed):
        try:
            length, plain = _HEAD.unpack_from(sealed, start)
            start += _HEAD.size
            if start + length > len(sealed):
                raise BrokenSealError(f"chunk {index}")
            last = start + length == len(sealed)
            packed = box.decrypt(_nonce(index), sealed[start : start + length], _label(index, plain, last))
            out.append(codec.decompress(packed, plain, asbytes=True) if plain else b"")
        except (InvalidTag, struct.error, ValueError, OSError, MemoryError) as error:
            raise BrokenSealError(f"chunk {index}") from error
        start += length
        index += 1
    if not out:
        raise BrokenSealError("no chunk")
    return b"".join(out)


def _nonce(index: int) -> bytes:
    # A data key seals one file, so a counter never repeats under it.
    return index.to_bytes(_NONCE_BYTES, "big")


def _label(index: int, plain: int, last: bool) -> bytes:
    return MAGIC + index.to_bytes(8, "big") + plain.to_bytes(4, "big") + (b"last" if last else b"more")
