"""Does blocking give exactly the pairs that share a rule's parts, each once?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.linkage.blocking import candidate_pairs
from washhouse.linkage.encode import encode
from washhouse.linkage.fields import FIELDS

RULES = [("surname", "birth_date"), ("postcode",)]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["SMITH", "JONES", None]),
        st.sampled_from(["1980-02-03", "1981-02-03", None]),
        st.sampled_from(["L81TN", "L82TN", None]),
        st.integers(0, 1),
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=200, deadline=None)
@given(RECORDS, st.booleans())
def test_pairs_are_those_that_share_all_parts_of_a_rule(records: list[tuple[str, str, str, int]], two: bool) -> None:
    columns = dict(
        zip(("surname", "birth_date", "postcode"), (list(c) for c in zip(*records, strict=True)), strict=False)
    )
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    side = np.array([r[3] for r in records], dtype=np.int32) if two else None
    found = candidate_pairs(encode(arrays, [FIELDS[name] for name in arrays]), RULES, side=side)

    expected = {
        (i, j)
        for i in range(len(records))
        for j in range(i + 1, len(records))
        if (side is None or side[i] != side[j])
        and any(all(columns[p][i] is not None and columns[p][i] == columns[p][j] for p in rule) for rule in RULES)
    }
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
    assert sum(report.pairs for report in found.reports) == len(pairs)
