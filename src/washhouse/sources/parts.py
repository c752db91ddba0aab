"""What do several files of one table say together?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from washhouse.sources.result import ReadResult


def join_parts(name: str, reads: Sequence[ReadResult]) -> ReadResult:
    """Put all files of one table together, each row with its file in `_file`.

    Args:
        name: What the whole is called.
        reads: The files, none of them refused; at least one.
    """
    rows = pa.concat_tables([read.table_rows.append_column("_file", _name(read)) for read in reads])
    return replace(
        reads[0],
        file=name,
        rows=rows.unify_dictionaries(),
        issues=pa.concat_tables([read.issues for read in reads]),
        set_aside=pa.concat_tables([read.set_aside for read in reads]),
        set_aside_keys=pa.chunked_array([part for read in reads for part in read.set_aside_keys.chunks], pa.string()),
        lines=sum(read.lines for read in reads),
        accepted=sum(read.accepted for read in reads),
        warned=sum(read.warned for read in reads),
        quarantined=sum(read.quarantined for read in reads),
        duplicates=sum(read.duplicates for read in reads),
    )


def _name(read: ReadResult) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(read.rows.num_rows, np.int32), pa.array([read.file], pa.string()))
