"""What has to be kept so that a new record can be compared with all earlier ones, without reading those again?

Each record as the integers that `encode` made of it, the dictionary they point into, and the compared pairs worth
keeping. Everything follows from the records and the trained model alone: an index that grew batch by batch equals one
made at once, but for the numbering of its dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.linkage.earlier import Earlier
from washhouse.linkage.encode import FEATURES, Encoded, Ints, encode, with_setting
from washhouse.linkage.fields import Kind
from washhouse.linkage.hashes import Hashes, hash_columns, name_records
from washhouse.linkage.scoring import Scored
from washhouse.linkage.trained import TrainedModel

FORMAT = 2
"""Version of the stored tables and of what `encode` makes of a value."""
TABLES = ("link_model", "link_index", "link_value", "link_edge")
"""Tables of the vault that hold an index."""


@dataclass(frozen=True)
class LinkIndex:
    """Records, encoded, with their compared pairs; records are in the order of source and id.

    Attributes:
        trained: The model under which they were encoded and weighed.
        names: 64-bit number of each record's source and id.
        prints: 64-bit number of what each record says.
        encoded: The records; only parts that a rule needs, and no standard forms.
        left: One record of each pair worth keeping; pairs are in the order of both.
        right: The other, a later one.
        pattern: How they compare.
        persons: Person of each record; None until ids are given.
        earlier: What the linkage that made the index came to, as far as the next can go on from it; it is not stored.
    """

    trained: TrainedModel
    names: Hashes
    prints: Hashes
    encoded: Encoded
    left: Ints
    right: Ints
    pattern: npt.NDArray[np.int64]
    persons: pa.StringArray | pa.DictionaryArray | None = None
    earlier: Earlier | None = None

    @property
    def records(self) -> int:
        """Number of records."""
        return len(self.names)


def fingerprints(table: pa.Table, trained: TrainedModel, threads: int = 1) -> Hashes:
    """Return a 64-bit number for what each record says in the fields of a model."""
    return hash_columns([table.column(name) for name in trained.field_names], "said", threads)


def encode_under(table: pa.Table, trained: TrainedModel, threads: int = 1) -> Encoded:
    """Encode records as a trained model sees them.

    Args:
        table: Records with a column `source` (where the model tells sources apart) and one for each field; a column
            that is not there counts as missing everywhere.
        trained: The model.
        threads: Threads to use; the result does not depend on it.
    """
    fields = [f for f in trained.fields if f.kind is not Kind.SETTING]
    nothing = pa.nulls(table.num_rows, pa.string())
    columns = {
        f.name: pc.cast(table.column(f.name), pa.string()) if f.name in table.column_names else nothing for f in fields
    }
    encoded = encode(columns, fields, trained.bands, threads)
    if not trained.sources:
        return encoded
    number = pc.index_in(table.column("source"), value_set=pa.array(trained.sources, pa.string()))
    return with_setting(encoded, pc.fill_null(number, -1).to_numpy().astype(np.int32))


def build_index(
    trained: TrainedModel,
    table: pa.Table,
    encoded: Encoded,
    scored: Scored,
    numbers: tuple[Hashes, Hashes] | None = None,
) -> LinkIndex:
    """Make the index of some records that were just linked.

    Args:
        trained: The model.
        table: The records under a clear identity, in the order of source and id.
        encoded: The same, encoded under the model.
        scored: Their pairs worth keeping, see `scoring.worth_keeping`.
        numbers: Their names and prints, if they are at hand.
    """
    names, prints = numbers or (name_records(table), fingerprints(table, trained))
    needed = {part for rule in trained.rules for part in rule}
    return LinkIndex(
        trained=trained,
        names=names,
        prints=prints,
        encoded=replace(encoded, parts={p: v for p, v in encoded.parts.items() if p in needed}, standard={}),
        left=scored.candidates.left,
        right=scored.candidates.right,
        pattern=scored.patterns[scored.pattern],
    )


def write_index(index: LinkIndex) -> dict[str, pa.Table]:
    """Return an index as tables, by their names (`TABLES`)."""
    e = index.encoded
    records: dict[str, pa.Array] = {"name": pa.array(index.names), "print": pa.array(index.prints)}
    records |= {f"code_{f.name}": pa.array(e.codes[i]) for i, f in enumerate(e.fields)}
    records |= {f"part_{name}": pa.array(numbers) for name, numbers in sorted(e.parts.items())}
    persons = index.persons if index.persons is not None else pa.nulls(index.records)
    records["person_id"] = pc.cast(persons, pa.string())
    values: dict[str, pa.Array] = {"hash": pa.array(e.hashes)}
    values |= {f"feature_{i}": pa.array(np.ascontiguousarray(e.features[:, i])) for i in range(FEATURES)}
    ends = pa.py_buffer((e.offsets * 4).astype(np.int64))
    values["points"] = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(e.hashes), [None, ends, pa.py_buffer(np.ascontiguousarray(e.points))]
    )
    return {
        "link_model": pa.table({"format": pa.array([FORMAT]), "model": pa.array([index.trained.to_json()])}),
        "link_index": pa.table(records),
        "link_value": pa.table(values),
        "link_edge": pa.table({"left": index.left, "right": index.right, "pattern": index.pattern}),
    }


def read_model(table: pa.Table) -> TrainedModel | None:
    """Return the trained model of a stored table; None where it was written in another format."""
    if table.column("format").to_pylist() != [FORMAT]:
        return None
    try:
        return TrainedModel.from_json(table.column("model")[0].as_py())
    except InputError:
        return None


def read_index(read: Callable[[str], pa.Table]) -> LinkIndex | None:
    """Return a stored index; None where it was written in another format, so that a new one is needed.

    Args:
        read: Gives the stored table of a name (`TABLES`).
    """
    trained = read_model(read("link_model"))
    if trained is None:
        return None
    records, values, edges = (read(name).combine_chunks() for name in TABLES[1:])
    fields = trained.fields
    codes = np.empty((len(fields), records.num_rows), dtype=np.int32)
    for i, f in enumerate(fields):
        codes[i] = records.column(f"code_{f.name}").to_numpy()
    features = np.empty((values.num_rows, FEATURES), dtype=np.int32)
    for i in range(FEATURES):
        features[:, i] = values.column(f"feature_{i}").to_numpy()
    lengths = pc.binary_length(values.column("points")).to_numpy() // 4
    offsets = np.zeros(values.num_rows + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    encoded = Encoded(
        fields=fields,
        codes=codes,
        features=features,
        offsets=offsets,
        points=_characters(values.column("points")),
        hashes=values.column("hash").to_numpy().copy(),
        parts=_parts(records),
        standard={},
        unusable={},
        bands=trained.bands,
    )
    persons = records.column("person_id").combine_chunks()
    left, right = (edges.column(side).to_numpy() for side in ("left", "right"))
    # An index of an earlier version may keep its pairs in another order.
    order = np.lexsort((right, left))
    return LinkIndex(
        trained=trained,
        names=records.column("name").to_numpy().copy(),
        prints=records.column("print").to_numpy().copy(),
        encoded=encoded,
        left=left[order],
        right=right[order],
        pattern=edges.column("pattern").to_numpy()[order],
        persons=None if persons.null_count else persons,
    )


def _parts(records: pa.Table) -> Mapping[str, Ints]:
    return {
        name.removeprefix("part_"): records.column(name).to_numpy().copy()
        for name in records.column_names
        if name.startswith("part_")
    }


def _characters(column: pa.ChunkedArray) -> npt.NDArray[np.uint32]:
    """Return the code points of all values, one after the other; a copy that compiled code may write beside."""
    pieces = [np.empty(0, np.uint32)]
    for chunk in column.chunks:
        if len(chunk):
            _, ends, data = chunk.buffers()
            bounds = np.frombuffer(ends, np.int64, len(chunk) + 1, chunk.offset * 8)
            if data is not None:
                pieces.append(np.frombuffer(data, np.uint32)[bounds[0] // 4 : bounds[-1] // 4])
    return np.concatenate(pieces)
