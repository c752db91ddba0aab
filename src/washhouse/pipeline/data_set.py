"""How is an imported data set a batch like any other?

Its files are one batch of the source `meds`, named by the day of its newest event: the date by which it is judged. A
later one takes the place of all before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.pipeline.inbox import Batch, Inbox, describe_file, label_batches, unreadable
from washhouse.sources.content import Content
from washhouse.sources.contract import SourceSpec
from washhouse.sources.meds import SPEC, find_files, read_meds
from washhouse.sources.reader import KnownParents
from washhouse.sources.result import BatchResult

NO_DAY = date(1970, 1, 1)
"""Declared date of a data set without a readable time."""


@dataclass(frozen=True)
class MedsSet:
    """A MEDS data set at a path.

    Attributes:
        path: Its folder, or one Parquet file.
        as_of: The day by which it is judged, None for that of its newest event.
    """

    path: Path
    as_of: date | None = None

    def find(self, landed: Iterable[str]) -> Inbox:
        """Find its files.

        Args:
            landed: Ids of the batches of the published version.

        Returns:
            An inbox with one batch, or with none if it was landed before.

        Raises:
            InputError: `meds-not-found`: there is no Parquet file at the path. `inbox-unreadable`: a folder or file of
                it may not be read.
        """
        try:
            found = find_files(self.path)
            files = tuple(describe_file(name, file) for name, file in sorted(found.items()))
        except OSError as error:
            raise unreadable(error) from error
        day = self.as_of or max((_newest_day(file) for file in found.values()), default=NO_DAY)
        fresh = label_batches([Batch(SPEC.name, day.isoformat(), day, files)], landed)
        return Inbox(fresh, 1 - len(fresh))

    def read(
        self,
        spec: SourceSpec,
        batch: Batch,
        files: Mapping[str, Content],
        known: KnownParents | None,
        provider: str | None,
    ) -> BatchResult:
        """Read it, for `pipeline.landing`."""
        return read_meds(self.path, batch.declared, batch=batch.label)


def _newest_day(file: Path) -> date:
    """Day of the newest event of a file; a file that cannot be read is refused later, with its reason."""
    newest = NO_DAY
    try:
        with file.open("rb") as opened, pq.ParquetFile(opened) as parquet:
            for rows in parquet.iter_batches(columns=["time"]):
                moment = pc.max(rows.column(0)).as_py()
                if isinstance(moment, date):
                    newest = max(newest, moment.date() if isinstance(moment, datetime) else moment)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, IndexError):
        return NO_DAY
    return newest
