"""Run by the outside environment's Python: does the package `meds` accept every file of a data set?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
from meds import CodeMetadataSchema, DataSchema, DatasetMetadataSchema, SubjectSplitSchema

root = Path(sys.argv[1])
seen: set[int] = set()
codes: set[str] = set()
for shard in sorted((root / "data").glob("*.parquet")):
    rows = pq.read_table(shard)
    DataSchema.validate(rows)
    subjects = rows["subject_id"].to_pylist()
    times = rows["time"].to_pylist()
    order = [
        (subject, time is not None, time.timestamp() if time else 0)
        for subject, time in zip(subjects, times, strict=True)
    ]
    assert order == sorted(order), "a subject's rows are not together and in order of time"
    assert not seen & set(subjects), "a subject is in two shards"
    seen |= set(subjects)
    codes |= set(rows["code"].to_pylist())
described = pq.read_table(root / "metadata" / "codes.parquet")
CodeMetadataSchema.validate(described)
splits = pq.read_table(root / "metadata" / "subject_splits.parquet")
SubjectSplitSchema.validate(splits)
DatasetMetadataSchema.validate(json.loads((root / "metadata" / "dataset.json").read_text()))
assert codes == set(described["code"].to_pylist()), "codes that are not described"
assert seen <= set(splits["subject_id"].to_pylist()), "subjects without a split"
print(json.dumps({"subjects": len(seen), "codes": len(codes)}))
