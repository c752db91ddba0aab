"""How does one master key become many keys, and a key a pseudonym that tells nothing without it?"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive_key(master_key: bytes, purpose: str) -> bytes:
    """The key of one purpose; knowing it tells nothing of the master key or of another purpose's key.

    Args:
        master_key: 32 bytes.
        purpose: What the key is for, e.g. `"person-id"`.

    Returns:
        32 bytes, the same for the same master key and purpose.

    References:
        HKDF with SHA-256, RFC 5869, doi:10.17487/RFC5869.

    Examples:
        >>> derive_key(bytes(32), "a") == derive_key(bytes(32), "a")
        True
        >>> derive_key(bytes(32), "a") == derive_key(bytes(32), "b")
        False
    """
    return HKDF(SHA256(), 32, salt=None, info=b"washhouse/" + purpose.encode()).derive(master_key)


def keyed_hash(key: bytes, value: bytes) -> bytes:
    """HMAC-SHA-256 of a value: 32 bytes.

    References:
        RFC 2104, doi:10.17487/RFC2104.

    Examples:
        >>> len(keyed_hash(bytes(32), b"value"))
        32
    """
    return hmac.digest(key, value, "sha256")
