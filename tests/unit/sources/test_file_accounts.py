"""Records, fates and counts of one file."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from washhouse.core.errors import HomeError
from washhouse.sources import account
from washhouse.sources.contract import ColumnSpec, Span, TableSpec
from washhouse.sources.digest import Seen, digest_rows
from washhouse.sources.file import read_file
from washhouse.sources.result import ISSUES, SET_ASIDE, ReadResult
from washhouse.sources.validate import Parents

TABLE = TableSpec(
    "things",
    (
        ColumnSpec("thing_id", required=True, key=True),
        ColumnSpec("start", "date"),
        ColumnSpec("end", "date", may_be_future=True),
        ColumnSpec("count", "int"),
        ColumnSpec("owner", required=False, key=False),
    ),
    business_key=("thing_id",),
    spans=(Span("start", "end"),),
    parent=("owners", "owner"),
)
TODAY = date(2025, 7, 1)


def read(text: str, parents: Parents | None = None) -> ReadResult:
    return read_file(text.encode(), TABLE, reference_date=TODAY, file="things.csv", parents=parents)


def found(result: ReadResult) -> list[tuple[int, str | None, str]]:
    return [(row["row"], row["column"], row["rule"]) for row in result.issues.to_pylist()]


def test_rows_are_numbered_as_records() -> None:
    result = read('thing_id,owner,start\na,"x\ny",2025-01-01\n\nb,"1\n2\n3",2025-99-01\nc,,\n')
    assert result.rows.column("_row").to_pylist() == [1, 3]
    assert found(result) == [(2, "start", "impossible-date")]
    assert result.set_aside.to_pylist() == [{"row": 2, "rule": "impossible-date", "raw": 'b,"1\n2\n3",2025-99-01'}]


def test_ragged_rows_do_not_disturb_their_neighbours() -> None:
    result = read("thing_id,count\na,1\nb\nc,3,9\nd,4\n")
    assert result.rows.select(["thing_id", "count", "_row"]).to_pylist() == [
        {"thing_id": "a", "count": 1, "_row": 1},
        {"thing_id": "d", "count": 4, "_row": 4},
    ]
    assert [row["raw"] for row in result.set_aside.to_pylist()] == ["b", "c,3,9"]
    assert (result.lines, result.accepted, result.quarantined) == (4, 2, 2)


def test_blank_records_count_only_between_others() -> None:
    result = read("thing_id,count\na,1\n,\nb,2\n,\n \n,,,\n")
    assert (result.lines, result.accepted, result.quarantined) == (3, 2, 1)
    assert found(result) == [(2, "thing_id", "missing-key")]


def test_of_identical_records_the_first_counts_whatever_becomes_of_it() -> None:
    result = read("thing_id,start\na,2025-02-30\na,2025-02-30\nb,\nb,\nb,NULL\n")
    assert (result.accepted, result.quarantined, result.duplicates) == (1, 1, 3)
    assert found(result) == [
        (1, "start", "impossible-date"),
        (2, None, "duplicate-row"),
        (4, None, "duplicate-row"),
        (5, None, "duplicate-row"),
    ]


def test_a_warned_row_counts_once_and_only_if_it_is_kept() -> None:
    result = read("thing_id,count,start\na,x,y\nb,x,2025-99-99\nc,1,\n")
    assert (result.accepted, result.warned, result.quarantined) == (2, 1, 1)


def test_parents_known_and_set_aside() -> None:
    parents = Parents(known=pa.array(["k", None]), set_aside=pa.array(["s", None]))
    result = read("thing_id,owner\na,k\nb,s\nc,z\nd,\n", parents)
    assert result.rows.column("thing_id").to_pylist() == ["a", "d"]
    assert found(result) == [(2, "owner", "parent-set-aside"), (3, "owner", "orphan-row")]
    assert result.set_aside_keys.to_pylist() == ["b", "c"]


def test_many_rows_of_one_kind_are_listed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "MOST_LISTED", 3)
    result = read("thing_id,count\n" + "".join(f"{n},x\n" for n in range(8)))
    assert result.warned == 8
    assert found(result) == [(row, "count", "bad-format") for row in range(4)]
    assert result.issues.to_pylist()[0]["reason"].endswith("So do 5 more rows of the file.")


def test_a_file_of_several_blocks_is_one_file() -> None:
    """Rows keep their numbers and duplicates are found across blocks, whether or not a row is ragged."""
    lines = [f"{n},2025-01-01,{'x' * 400}\n" for n in range(90_000)]
    lines[80_000] = lines[3]
    clean = read("thing_id,start,owner\n" + "".join(lines))
    assert (clean.lines, clean.accepted, clean.duplicates) == (90_000, 89_999, 1)
    assert found(clean) == [(80_001, None, "duplicate-row")]
    lines[85_000] = "ragged\n"
    ragged = read("thing_id,start,owner\n" + "".join(lines))
    assert (ragged.accepted, ragged.quarantined, ragged.duplicates) == (89_998, 1, 1)
    assert ragged.rows.column("_row").to_pylist()[-1] == 90_000


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("other", ["", "ragged\n"])
def test_a_field_without_end_refuses_the_file(quote: str, other: str) -> None:
    result = read(f"thing_id,owner\n{other}a,{quote}{'x' * 200_000}{quote}\n")
    assert result.rejected and "too long" in result.reason


def test_what_does_not_add_up_is_not_handed_out() -> None:
    with pytest.raises(HomeError, match="3 lines were read but 2 are accounted for"):
        ReadResult(
            file="x.csv",
            table="things",
            rows=pa.table({"_row": [1, 2]}),
            issues=ISSUES.empty_table(),
            set_aside=SET_ASIDE.empty_table(),
            lines=3,
            accepted=2,
            warned=0,
            quarantined=0,
            duplicates=0,
        )


def test_equal_rows_have_equal_digests() -> None:
    texts = pa.array(["a", "a", None, "", "ab", "ab", "a" * 4 + "b", "a" * 4])
    others = pa.array(["b", "b", "b", "b", None, "", "", "b"])
    numbers = pa.array([1, 1, 1, 1, 1, 1, None, 0])
    digests = digest_rows([texts, others, numbers])
    assert digests[0].tolist() == digests[1].tolist()
    assert len({tuple(digest) for digest in digests.tolist()}) == 7
    assert digest_rows([texts.slice(1), others.slice(1), numbers.slice(1)]).tolist() == digests[1:].tolist()
    assert digest_rows([pa.array([], pa.string())]).tolist() == []


@given(st.lists(st.integers(0, 300), max_size=400), st.integers(1, 50))
def test_what_was_seen_is_known_however_it_comes(values: list[int], step: int) -> None:
    digests = digest_rows([pa.array(values, pa.int64())])
    seen = Seen()
    again = [bool(one) for at in range(0, len(values), step) for one in seen.add(digests[at : at + step])]
    assert again == [value in values[:at] for at, value in enumerate(values)]


@pytest.mark.parametrize("size", [0, 10, 70_000])
def test_what_was_added_is_held_and_nothing_else(size: int) -> None:
    digests = digest_rows([pa.array(range(2 * size + 2), pa.int64())])
    seen = Seen()
    seen.add(digests[:size])
    assert seen.holds(digests).tolist() == [True] * size + [False] * (size + 2)
