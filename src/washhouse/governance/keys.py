"""Where does the vault's master key come from, and is it the right one?

The key is 32 random bytes in a file of its own: `key_file` of the settings, else `HOME/vault/master.key`, which suits a
demo. A deployment keeps it away from the home (`docs/how-to/keys.md`). `HOME/vault/keycheck` holds a keyed hash that
only the right key gives, so that a wrong key is refused before anything is read or written.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from washhouse.core.errors import HomeError
from washhouse.core.home import Home, Settings
from washhouse.governance.pseudonym import derive_key, keyed_hash
from washhouse.lake.disk import write_atomically

KEY_BYTES = 32


def find_key_file(home: Home, settings: Settings) -> Path:
    """The file that holds the master key."""
    return Path(settings.key_file).expanduser() if settings.key_file else home.vault / "master.key"


def load_or_create_master_key(home: Home, settings: Settings) -> bytes:
    """Read the vault's master key; a home without a vault gets a new one.

    Args:
        home: The home.
        settings: Names the key file, if it is not in the vault.

    Returns:
        32 bytes. Never write them to a log or a message.

    Raises:
        HomeError: `vault-key-missing`: the vault exists, its key does not. `vault-key-wrong`: another vault's key.
    """
    path = find_key_file(home, settings)
    if path.exists():
        return _check(home, _read(path))
    if has_vault(home):
        raise HomeError(
            "vault-key-missing",
            "The vault's master key is not where the settings say.",
            "Put the key file back, or set key_file. Without it the vault cannot be read.",
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = os.urandom(KEY_BYTES)
    write_atomically(path, (key.hex() + "\n").encode(), mode=0o600)
    return _check(home, key)


def load_master_key(home: Home, settings: Settings) -> bytes:
    """Read the master key of a home that has a vault.

    Raises:
        HomeError: As `load_or_create_master_key`, or `vault-key-missing` when there is no vault yet.
    """
    if not has_vault(home):
        raise HomeError("vault-key-missing", "This home has no vault yet.", "Run `washhouse run` first.")
    return load_or_create_master_key(home, settings)


def has_vault(home: Home) -> bool:
    """Whether the home's vault was ever opened with a key."""
    return (home.vault / "keycheck").exists()


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        # The cause quotes what the file holds, so it is not kept.
        raise HomeError(
            "vault-key-wrong",
            "The key file does not hold a master key: 64 hexadecimal digits were expected.",
            "Put the right key file back; see docs/how-to/keys.md.",
        ) from None
    return key


def _check(home: Home, key: bytes) -> bytes:
    check = keyed_hash(derive_key(key, "keycheck"), b"washhouse vault").hex()
    path = home.vault / "keycheck"
    if not path.exists():
        home.vault.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, f"{check}\n".encode(), mode=0o600)
    elif not hmac.compare_digest(path.read_text(encoding="ascii").strip(), check):
        raise HomeError(
            "vault-key-wrong",
            "This master key is not the key of this vault; nothing was read or written.",
            "Put the right key file back, or set key_file; see docs/how-to/keys.md.",
        )
    return key
