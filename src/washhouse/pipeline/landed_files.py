"""How do a batch's files and its typed rows reach the vault, whatever their size?"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.governance.vault import TableWriter
from washhouse.lake.disk import Pending
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch, InboxFile, unreadable
from washhouse.pipeline.known_from import known_from
from washhouse.pipeline.submitted import Submitted
from washhouse.record.quality.profile import Profile
from washhouse.sources.content import BLOCK_BYTES, LARGE_BYTES, Content
from washhouse.sources.contract import SourceSpec, TableSpec
from washhouse.sources.origin import add_origin
from washhouse.sources.result import BatchResult
from washhouse.sources.tracing import own_column


class Landing(Mapping[str, Content]):
    """A batch's files by name; each is landed when it is taken, and what is read of it is read from the vault.

    So nothing is read that was not kept, and a file may be larger than memory. A small one is handed out as bytes.

    Args:
        context: The run.
        spec: The source's contract.
        batch: The batch.
    """

    def __init__(self, context: RunContext, spec: SourceSpec, batch: Batch) -> None:
        self.pending = Pending()
        self.submitted = Submitted()
        self._context = context
        self._spec = spec
        self._batch = batch
        self._files = {file.name: file for file in batch.files}
        self._landed: set[str] = set()
        self._opened: list[BinaryIO] = []
        self._kept: dict[str, _Keeping] = {}

    def __getitem__(self, name: str) -> Content:
        file = self._files[name]
        data = b"" if file.path is None or name in self._landed else self._land(file, file.path)
        if data:
            return data
        opened = io.BufferedReader(self._context.vault.open_landed(file.sha256, self.pending), BLOCK_BYTES)
        if file.bytes < LARGE_BYTES:
            with opened:
                return opened.read()
        self._opened.append(opened)
        return opened

    def _land(self, file: InboxFile, path: Path) -> bytes:
        """Land a file; returns its bytes if it is small, so that they need not be opened again."""
        small: list[bytes] = []
        try:
            with path.open("rb", buffering=0) as received:
                blocks = iter(lambda: received.read(BLOCK_BYTES), b"")
                if file.bytes < LARGE_BYTES:
                    small = [b"".join(blocks)]
                    blocks = iter(small)
                is_same = self._context.vault.land_blocks(self._followed(blocks), file.sha256, self.pending)
        except OSError as error:
            raise unreadable(error) from error
        if not is_same or (small and hashlib.sha256(small[0]).hexdigest() != file.sha256):
            raise InputError(
                "inbox-changed",
                f"A file of the batch {self._batch.source}/{self._batch.name} changed while the run read it.",
                "Fill a batch's folder elsewhere, move it into the inbox when it is complete, and run again.",
            )
        self._landed.add(file.name)
        self._context.reached("file-landed")
        return small[0] if small else b""

    def _followed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            yield block
            self._context.progress.advance(len(block))

    def land_rest(self) -> None:
        """Land what the reader had no use for: what was received is kept."""
        for name, file in self._files.items():
            if file.path is not None and name not in self._landed:
                self._land(file, file.path)

    def keep(self, table: TableSpec, label: str, declared: BatchResult) -> Callable[[], Callable[[pa.Table], None]]:
        """Return what begins to keep a table's typed rows, from the first.

        Args:
            table: The table.
            label: Its file.
            declared: What the batch declares.
        """
        known = known_from(self._context, self._spec, self._batch, declared.submitted_at)
        declared = replace(declared, batch=self._batch.label, submitted_at=known)

        def begin() -> Callable[[pa.Table], None]:
            if table.name in self._kept:
                self._kept[table.name].close()
                self.submitted.forget(table.name)
            self._kept[table.name] = _Keeping(self, table.name, label, declared)
            return self._kept[table.name].add

        return begin

    def writer(self, table: str, schema: pa.Schema) -> TableWriter:
        """Begin a table of typed rows."""
        return self._context.vault.writer(
            f"typed.{self._spec.name}.{table}", self._batch.generation, schema, self.pending, self.by(table)
        )

    def by(self, table: str) -> str | None:
        """Column that alone says whose a row of a table is; None where there is none."""
        system = self._context.systems.get(self._spec.name)
        return own_column(*system, table) if system is not None else None

    def profile(self, table: str) -> Profile:
        """Begin the profile of a table."""
        return Profile(self._spec, table)

    def finish(self, tables: Collection[str]) -> dict[str, Profile]:
        """Finish the tables that were kept while they were read.

        Args:
            tables: Those of files that were accepted in the end; others are let go.

        Returns:
            Their profiles.
        """
        for keeping in self._kept.values():
            keeping.close()
        for refused in self._kept.keys() - tables:
            self._context.vault.drop(f"typed.{self._spec.name}.{refused}", self._batch.generation, self.pending)
            self.submitted.forget(refused)
        return {table: keeping.profile for table, keeping in self._kept.items() if table in tables}

    def close(self) -> None:
        """Close the files, and remove what was written and is not in its place."""
        for opened in self._opened:
            opened.close()
        for keeping in self._kept.values():
            keeping.close()
        self.pending.discard()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class _Keeping:
    """One table's typed rows on their way to the vault."""

    def __init__(self, landing: Landing, table: str, label: str, declared: BatchResult) -> None:
        self.profile = landing.profile(table)
        self._landing = landing
        self._table = table
        self._label = label
        self._declared = declared
        self._writer: TableWriter | None = None

    def add(self, rows: pa.Table) -> None:
        rows = add_origin(rows, self._label, self._declared)
        if self._writer is None:
            self._writer = self._landing.writer(self._table, rows.schema)
        self._writer.write(rows)
        self.profile.add(rows)
        self._landing.submitted.add(self._table, rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
