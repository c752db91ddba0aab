"""Where do identities, links, landed files and raw quarantined rows live? Encrypted, every one of them.

    HOME/vault/landed/<sha256>                    a file as received (governance.envelope)
    HOME/vault/tables/<table>/<generation>.parquet  a table (Parquet modular encryption, AES-GCM, footer included)

A file is bound to its place: moved to another name it does not open.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from washhouse.core.errors import HomeError
from washhouse.core.home import Home
from washhouse.governance.envelope import BrokenSealError, SealedReader, Sealer, open_seal, seal, unwrap_key, wrap_key
from washhouse.governance.pseudonym import derive_key, keyed_hash
from washhouse.lake.disk import Pending
from washhouse.lake.shares import SHARES, Chosen, Share, laid_out

_BLOCK_BYTES = 1 << 20
_ROW_GROUP = 122_880
_ROWS_LAID_OUT = 8 * _ROW_GROUP
"""Rows brought together by share at one time, some sixty thousand of each; a table of fewer lies as it came."""
_SHARES = b"shares"
"""Key of a file's metadata: the column by which its rows lie, of how many shares, and that of each row group."""


class Vault:
    """The encrypted part of a home.

    Args:
        home: The home.
        master_key: 32 bytes, from `governance.keys`.
    """

    def __init__(self, home: Home, master_key: bytes) -> None:
        self._landed = home.vault / "landed"
        self._tables = home.vault / "tables"
        self._master_key = master_key
        self._keys: dict[str, bytes] = {}

    def land(self, data: bytes) -> str:
        """Keep a file as received; landing the same bytes again changes nothing.

        Returns:
            SHA-256 of the bytes, in hexadecimal: the file's name in the vault.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        pending = Pending()
        self.land_blocks([data], sha256, pending)
        pending.commit()
        return sha256

    def land_blocks(self, blocks: Iterable[bytes], sha256: str, pending: Pending) -> bool:
        """Keep a file of any size as received, in one pass over its bytes.

        Args:
            blocks: Its bytes; not taken if the file is here already.
            sha256: Their digest as it was announced.
            pending: Where it waits to be put in place.

        Returns:
            Whether the bytes have that digest, or had it when they were landed before; if not, nothing is kept.
        """
        path = self._landed / sha256
        if path.exists() or pending.holds(path):
            return True
        self._landed.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest = hashlib.sha256()
        temporary = pending.add(path)
        with os.fdopen(_create(temporary), "wb") as file:
            sealer = Sealer(file, self._key("landed"), f"landed/{sha256}")
            try:
                for block in blocks:
                    digest.update(block)
                    sealer.write(block)
                sealer.close()
            finally:
                sealer.stop()
        if digest.hexdigest() == sha256:
            return True
        pending.drop(path)
        return False

    def open_landed(self, sha256: str, pending: Pending | None = None) -> SealedReader:
        """Open a landed file to be read from any place, in bounded memory.

        Args:
            sha256: The file's name.
            pending: Where it may still be waiting.

        Raises:
            HomeError: `vault-damaged`: the file is missing or was changed. So says every reading of it.
        """
        path = self._landed / sha256
        try:
            file = (pending.place(path) if pending else path).open("rb", buffering=0)
            return _Landed(file, self._key("landed"), f"landed/{sha256}")
        except (OSError, BrokenSealError) as error:
            raise _damaged(f"landed file {sha256[:12]}") from error

    def read_landed(self, sha256: str) -> bytes:
        """Bytes of a landed file, all at once; see `landed_blocks`."""
        return b"".join(self.landed_blocks(sha256))

    def landed_blocks(self, sha256: str) -> Iterator[bytes]:
        """A landed file a block at a time; what was handed out is the file as received if nothing is raised.

        Raises:
            HomeError: `vault-damaged`: the file is missing or was changed.
        """
        digest = hashlib.sha256()
        with self.open_landed(sha256) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                yield block
        if digest.hexdigest() != sha256:
            raise _damaged(f"landed file {sha256[:12]}")

    def write(
        self,
        table: str,
        generation: str,
        data: pa.Table | pa.RecordBatchReader,
        pending: Pending | None = None,
        by: str | None = None,
    ) -> None:
        """Write one generation of a table, whole or not at all.

        Args:
            table: Name of the table, e.g. `"identity"` or `"typed.gp.journal"`.
            generation: Name of this state of it.
            data: Rows; a stream is written as it comes.
            pending: Where it waits to be put in place with others; None puts it there at once.
            by: As `writer`.
        """
        waiting = pending or Pending()
        with self.writer(table, generation, data.schema, waiting, by) as writer:
            if isinstance(data, pa.Table):
                writer.write(data)
            else:
                for batch in data:
                    writer.write(pa.Table.from_batches([batch]))
        if pending is None:
            waiting.commit()

    def writer(
        self, table: str, generation: str, schema: pa.Schema, pending: Pending, by: str | None = None
    ) -> TableWriter:
        """Begin one generation of a table, to be written some rows at a time.

        Args:
            table: Name of the table.
            generation: Name of this state of it.
            schema: Its columns.
            pending: Where it waits to be put in place.
            by: Column by whose value the rows of a large table lie; None: they lie as they come.
        """
        path = self._path(table, generation)
        self._tables.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        temporary = pending.add(path)
        os.close(_create(temporary))
        name = f"{table}/{generation}"
        encryption = _factory(self._key("tables"), name).file_encryption_properties(
            pe.KmsConnectionConfig(),
            pe.EncryptionConfiguration(
                name,
                uniform_encryption=True,
                encryption_algorithm="AES_GCM_V1",
                data_key_length_bits=256,
                double_wrapping=False,
            ),
        )
        return TableWriter(temporary, schema, encryption, by)

    def drop(self, table: str, generation: str, pending: Pending) -> None:
        """Let go of a generation that was begun and is not in its place; nothing happens if there is none."""
        path = self._path(table, generation)
        if pending.holds(path):
            pending.drop(path)

    def read(self, table: str, generation: str, columns: list[str] | None = None) -> pa.Table:
        """Read one generation of a table.

        Args:
            table: Name of the table.
            generation: Name of the state.
            columns: Columns wanted; None for all.

        Raises:
            HomeError: `vault-damaged`: the file is missing, was changed, or is another file under this name.
        """
        with self._opened(table, generation) as parquet:
            return parquet.read(columns=columns)

    def read_parts(
        self,
        table: str,
        generation: str,
        most_rows: int = 500_000,
        columns: list[str] | None = None,
        share: Share | None = None,
        chosen: Chosen | None = None,
    ) -> Iterator[pa.Table]:
        """Read one generation of a table some rows at a time, as they lie: a large one need not fit into memory.

        Args:
            table: Name of the table.
            generation: Name of the state.
            most_rows: Rows of a part, about; at least one row group.
            columns: Columns wanted, None for all.
            share: Only the rows of this share; the others are not read where the table lies by the same column.
            chosen: Only the rows of these people; of row groups without any, their one column alone is read.

        Yields:
            Parts, at least one, which has no rows if the table has none.

        Raises:
            HomeError: As `read`.
        """
        with self._opened(table, generation) as parquet:
            groups, is_rest = _groups_of(parquet, share)
            step = max(1, most_rows // _ROW_GROUP)
            for first in range(0, max(len(groups), 1), step):
                some = groups[first : first + step]
                if chosen is not None:
                    some = [one for one in some if chosen.any_in(parquet.read_row_group(one, [chosen.column]))]
                rows = parquet.read_row_groups(some, columns=columns)
                rows = share.select(rows) if share is not None and is_rest else rows
                yield chosen.select(rows) if chosen is not None else rows

    @contextmanager
    def _opened(self, table: str, generation: str) -> Iterator[pq.ParquetFile]:
        """One generation of a table; what is read of it must be as it was written."""
        path = self._path(table, generation)
        name = f"{table}/{generation}"
        decryption = _factory(self._key("tables"), name).file_decryption_properties(pe.KmsConnectionConfig())
        try:
            # pyarrow does not look at the first bytes.
            with path.open("rb") as file:
                if file.read(4) != b"PARE":
                    raise BrokenSealError("head")
            with pq.ParquetFile(path, decryption_properties=decryption) as parquet:
                yield parquet
        except (OSError, pa.ArrowInvalid, BrokenSealError) as error:
            raise _damaged(f"table {table}, generation {generation}") from error

    def exists(self, table: str, generation: str) -> bool:
        """Whether this generation of a table was written."""
        return self._path(table, generation).exists()

    def generations(self, table: str) -> list[str]:
        """Generations of a table that exist, sorted."""
        folder = self._tables / quote(table, safe=".")
        return sorted(unquote(path.name.removesuffix(".parquet")) for path in folder.glob("[!.]*.parquet"))

    def tables(self) -> list[str]:
        """Names of the tables that exist, sorted."""
        if not self._tables.is_dir():
            return []
        return sorted(unquote(path.name) for path in self._tables.iterdir() if path.is_dir())

    def remove(self, table: str, generation: str) -> None:
        """Remove one generation of a table; nothing happens if there is none."""
        self._path(table, generation).unlink(missing_ok=True)

    def seal(self, purpose: str, data: bytes, name: str) -> bytes:
        """Seal a few bytes that are kept elsewhere, e.g. at the desk; they open under this purpose and name only."""
        return seal(self._key(f"at-the-desk/{purpose}"), data, name)

    def open_sealed(self, purpose: str, sealed: bytes, name: str) -> bytes:
        """Open what `seal` sealed.

        Raises:
            HomeError: `vault-damaged`: it was changed, or sealed under another purpose, name or key.
        """
        try:
            return open_seal(self._key(f"at-the-desk/{purpose}"), sealed, name)
        except BrokenSealError as error:
            raise _damaged(f"sealed {purpose}") from error

    def hmac(self, purpose: str, value: bytes) -> bytes:
        """HMAC-SHA-256 of a value under the key of a purpose: 32 bytes."""
        return keyed_hash(self._key(purpose), value)

    def secret(self, purpose: str) -> str:
        """The key of a purpose as 64 hexadecimal digits, for keyed hashes in SQL: `sha256(secret || '|' || value)`."""
        return self._key(f"secret/{purpose}").hex()

    def _key(self, purpose: str) -> bytes:
        if purpose not in self._keys:
            self._keys[purpose] = derive_key(self._master_key, purpose)
        return self._keys[purpose]

    def _path(self, table: str, generation: str) -> Path:
        return self._tables / quote(table, safe=".") / f"{quote(generation, safe='')}.parquet"


class TableWriter:
    """Writes one generation of a table, a row group or, by share, several at a time.

    Args:
        path: The file, which exists.
        schema: Its columns.
        encryption: How it is sealed.
        by: Column by which the rows lie; None: as they come.
    """

    def __init__(
        self, path: Path, schema: pa.Schema, encryption: pe.FileEncryptionProperties, by: str | None = None
    ) -> None:
        # Nobody asks a sealed table for its smallest and largest values, and what counts up lies as differences. Codes
        # and digests hardly repeat: a dictionary of them takes longer than it saves.
        counting = {field.name for field in schema if field.type == pa.int64() and not field.nullable}
        plain = {f.name for f in schema if pa.types.is_integer(f.type) and f.type != pa.int64()}
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            write_statistics=False,
            use_dictionary=[name for name in schema.names if name not in counting | plain],
            column_encoding=dict.fromkeys(counting, "DELTA_BINARY_PACKED"),
            encryption_properties=encryption,
        )
        self._schema = schema
        self._by = by
        self._at_once = _ROW_GROUP if by is None else _ROWS_LAID_OUT
        self._lie_in: list[int] = []
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._written = False

    def write(self, rows: pa.Table) -> None:
        """Take further rows; row groups are as large however they come."""
        while self._rows + rows.num_rows >= self._at_once:
            wanted = self._at_once - self._rows
            self._waiting.append(rows.slice(0, wanted))
            self._put(self._by)
            rows = rows.slice(wanted)
            self._written = True
        self._waiting.append(rows)
        self._rows += rows.num_rows

    def close(self) -> None:
        """Write what waits; the file is whole then. Closing again does nothing."""
        if not self._writer.is_open:
            return
        if self._rows or not self._written:
            self._waiting.insert(0, self._schema.empty_table())
            self._put(self._by if self._written else None)
        if self._lie_in:
            self._writer.add_key_value_metadata({_SHARES: json.dumps([self._by, SHARES, self._lie_in])})
        self._writer.close()

    def _put(self, by: str | None) -> None:
        """Write the rows that wait."""
        if by is None:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=_ROW_GROUP)
        else:
            for share, rows in enumerate(laid_out(self._waiting, by)):
                if rows.num_rows:
                    self._writer.write_table(rows, row_group_size=rows.num_rows)
                    self._lie_in.append(share)
        self._waiting, self._rows = [], 0

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Landed(SealedReader):
    """A landed file, read in bounded memory."""

    def _open(self, index: int) -> bytes:
        try:
            return super()._open(index)
        except BrokenSealError as error:
            raise _damaged("landed file that is being read") from error


def _groups_of(parquet: pq.ParquetFile, share: Share | None) -> tuple[list[int], bool]:
    """Row groups that may hold rows of a share, and whether they may hold others."""
    groups = list(range(parquet.num_row_groups))
    said = (parquet.metadata.metadata or {}).get(_SHARES)
    if share is None or said is None:
        return groups, True
    by, of, lie_in = json.loads(said)
    if (by, of) != (share.column, SHARES):
        return groups, True
    return [group for group, one in zip(groups, lie_in, strict=True) if share.holds(one)], share.of > SHARES


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


class _FileKeys(pe.KmsClient):  # type: ignore[misc]
    """Seals the data key of the one file `name`; pyarrow keeps the sealed key in the file's footer."""

    def __init__(self, key: bytes, name: str) -> None:
        super().__init__()
        self._key = key
        self._name = name

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        """Seal a data key."""
        return wrap_key(self._key, key_bytes, self._name).hex()

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        """Open a data key; the file's present name decides, not the one it carries."""
        return unwrap_key(self._key, bytes.fromhex(wrapped_key), self._name)


def _factory(key: bytes, name: str) -> pe.CryptoFactory:
    return pe.CryptoFactory(lambda _: _FileKeys(key, name))


def _damaged(what: str) -> HomeError:
    return HomeError(
        "vault-damaged",
        f"The vault's {what} is missing or was changed after it was written.",
        "Restore the home's vault from a backup; nothing was published from it.",
    )
