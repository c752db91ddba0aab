"""How is an OMOP data set a batch like any other?

It is one batch of the source `omop`, named by the day of its newest event; a later one takes the place of all before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from washhouse.pipeline.inbox import Batch, Inbox, describe_file, label_batches, unreadable
from washhouse.sources.content import Content
from washhouse.sources.contract import SourceSpec
from washhouse.sources.omop.contract import SPEC
from washhouse.sources.omop.read import find_tables, read_omop
from washhouse.sources.reader import KnownParents
from washhouse.sources.result import BatchResult


@dataclass
class CdmSet:
    """A data set at a path.

    Attributes:
        path: Its folder, or a DuckDB file.
        as_of: The day by which it is judged, None for that of its newest event.
    """

    path: Path
    as_of: date | None = None
    _result: list[BatchResult] = field(default_factory=list)

    def find(self, landed: Iterable[str]) -> Inbox:
        """Read it: only then is its day known.

        Returns:
            An inbox with one batch, or with none if it was landed before.

        Raises:
            InputError: `omop-not-found`, `database-unreadable`, `inbox-unreadable`.
        """
        try:
            found = find_tables(self.path)
            # Digests first: if a file changes while it is read, landing refuses it.
            files = tuple(describe_file(name, file) for name, file in sorted(found.items()))
            result = read_omop(found, self.as_of)
        except OSError as error:
            raise unreadable(error) from error
        fresh = label_batches([Batch(SPEC.name, result.batch, result.as_of, files)], landed)
        self._result = [result] if fresh else []
        return Inbox(fresh, 1 - len(fresh))

    def read(
        self,
        spec: SourceSpec,
        batch: Batch,
        files: Mapping[str, Content],
        known: KnownParents | None,
        provider: str | None,
    ) -> BatchResult:
        """Hand over what was read, for `pipeline.landing`."""
        return replace(self._result.pop(), batch=batch.label)
