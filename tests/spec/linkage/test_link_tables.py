"""Linking tables, as written: a configuration and tables in, pairs and clusters out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.errors import InputError
from washhouse.linkage.config import parse_config
from washhouse.linkage.link import link_tables

FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905
COLUMNS = {"first_name": "given", "surname": "family", "birth_date": ["y", "m", "d"], "postcode": "pc"}


def residents(count: int, offset: int = 0) -> list[dict[str, str]]:
    rows = []
    for i in range(offset, offset + count):
        rng = np.random.default_rng(i)
        rows.append(
            {
                "key": f"{i:05d}",
                "given": FIRST[rng.integers(len(FIRST))],
                "family": LAST[rng.integers(len(LAST))],
                "y": str(rng.integers(1930, 2020)),
                "m": str(rng.integers(1, 13)),
                "d": str(rng.integers(1, 29)),
                "pc": f"WH{rng.integers(1, 9)} {rng.integers(1, 9)}{chr(65 + int(rng.integers(20)))}B",
            }
        )
    return rows


def as_table(rows: list[dict[str, str]]) -> pa.Table:
    return pa.Table.from_pylist(rows)


def config(**more: Any) -> Any:
    return parse_config({"unique_id": "key", "columns": COLUMNS} | more)


LEFT = residents(200)
RIGHT = [r | {"key": f"R{r['key']}"} for r in residents(150, offset=100)]


def test_pairs_explain_themselves() -> None:
    linked = link_tables(as_table(LEFT), as_table(RIGHT), config())
    pairs = linked.pairs.to_pylist()
    assert {p["right_id"] for p in pairs} == {f"R{p['left_id']}" for p in pairs}
    assert {p["left_id"] for p in pairs} == {f"{i:05d}" for i in range(100, 200)}
    assert linked.pairs.column_names == [
        *("left_id", "right_id", "weight", "probability", "linked"),
        *("w_first_name", "w_surname", "w_birth_date", "w_postcode"),
    ]
    for p in pairs:
        parts = sum(value for name, value in p.items() if name.startswith("w_"))
        assert abs(p["weight"] - linked.summary["prior"] - parts) < 1e-3
        assert abs(p["probability"] - 1 / (1 + 2 ** -p["weight"])) < 1e-9
    assert linked.pairs.column("weight").to_pylist() == sorted((p["weight"] for p in pairs), reverse=True)


def test_clusters_hold_every_record_once() -> None:
    linked = link_tables(as_table(LEFT), as_table(RIGHT), config())
    rows = linked.clusters.to_pylist()
    assert [(r["side"], r["id"]) for r in rows] == [("left", r["key"]) for r in LEFT] + [
        ("right", r["key"]) for r in RIGHT
    ]
    assert len({r["cluster_id"] for r in rows}) == linked.summary["clusters"] == 250


def test_all_gives_every_compared_pair() -> None:
    linked = link_tables(as_table(LEFT), as_table(RIGHT), config(), every_pair=True)
    assert linked.pairs.num_rows == linked.summary["compared"] > linked.summary["pairs"]
    assert sum(linked.pairs.column("linked").to_pylist()) == linked.summary["pairs"]


def test_one_table_is_searched_for_duplicates() -> None:
    doubled = LEFT + [r | {"key": f"D{r['key']}"} for r in LEFT[:40]]
    linked = link_tables(as_table(doubled), None, config())
    assert {frozenset((p["left_id"], p["right_id"])) for p in linked.pairs.to_pylist()} == {
        frozenset((r["key"], f"D{r['key']}")) for r in LEFT[:40]
    }
    assert set(linked.clusters.column("side").to_pylist()) == {"left"}


def test_one_to_one_gives_a_record_one_partner() -> None:
    rivals = [r | {"key": f"S{r['key']}", "given": "Xanthe"} for r in RIGHT]
    many = link_tables(as_table(LEFT), as_table([*RIGHT, *rivals]), config(model={"threshold": 0.01}))
    assert many.summary["pairs"] == 200
    linked = link_tables(as_table(LEFT), as_table([*RIGHT, *rivals]), config(model={"one_to_one": True}))
    assert {p["right_id"] for p in linked.pairs.to_pylist()} == {f"R{i:05d}" for i in range(100, 200)}
    assert "probability_one_to_one" in linked.pairs.column_names


def test_a_threshold_may_be_set() -> None:
    linked = link_tables(as_table(LEFT), as_table(RIGHT), config(model={"threshold": 1e-9}))
    assert linked.summary["pairs"] > 100
    assert linked.summary["threshold"] == 0.0


def test_sides_may_name_columns_differently() -> None:
    renamed = [{f"r_{name}": value for name, value in row.items()} for row in RIGHT]
    sides = {
        "left": {"unique_id": "key", "columns": COLUMNS},
        "right": {
            "unique_id": "r_key",
            "columns": COLUMNS | {"first_name": "r_given", "surname": "r_family", "postcode": "r_pc"}
            | {"birth_date": ["r_y", "r_m", "r_d"]},
        },
    }  # fmt: skip
    assert link_tables(as_table(LEFT), as_table(renamed), parse_config(sides)).summary["pairs"] == 100


def test_declared_date_formats_are_read() -> None:
    american = [r | {"born": f"{r['m']}/{r['d']}/{r['y']}"} for r in RIGHT]
    own = COLUMNS | {"birth_date": {"column": "born", "parse": "%m/%d/%Y"}}
    both = parse_config({"unique_id": "key", "columns": COLUMNS, "right": {"columns": own}})
    assert link_tables(as_table(LEFT), as_table(american), both).summary["pairs"] == 100


def test_categories_and_identifiers_are_compared_too() -> None:
    number = {r["key"][-5:]: f"7{r['key'][-5:]}31" for r in LEFT + RIGHT}
    left, right = ([r | {"ssn": number[r["key"][-5:]], "town": "Hull"} for r in side] for side in (LEFT, RIGHT))
    linked = link_tables(
        as_table(left), as_table(right), config(identifiers={"ssn": "ssn"}, categories={"town": "town"})
    )
    assert linked.summary["pairs"] == 100
    assert linked.pairs.column_names[-2:] == ["w_town", "w_ssn"]


def test_one_value_everywhere_is_capped_and_warned_of() -> None:
    same = [r | {"pc": "WH1 1AA", "key": f"{i:05d}"} for i, r in enumerate(residents(400))]
    linked = link_tables(
        as_table(same), None, parse_config({"unique_id": "key", "columns": COLUMNS, "model": {"max_block_pairs": 500}})
    )
    assert linked.summary["compared"] < 400 * 399 / 2
    assert any("skipped as too large" in warning for warning in linked.summary["warnings"])


def test_a_hundred_thousand_equal_keys_explode_nothing() -> None:
    same = [LEFT[0] | {"key": str(i)} for i in range(100_000)]
    linked = link_tables(as_table(same), None, config())
    assert linked.summary["compared"] == 0
    assert any("100000 records" in warning for warning in linked.summary["warnings"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_is_enough(rows: int) -> None:
    linked = link_tables(as_table(LEFT[:rows]), as_table([LEFT[0] | {"key": "x"}]), config())
    assert linked.pairs.column("left_id").to_pylist() == [LEFT[0]["key"]]
    assert link_tables(as_table(LEFT[:rows]), None, config()).summary["pairs"] == 0


def test_a_field_that_is_missing_everywhere_is_warned_of_and_left_out() -> None:
    empty = [r | {"pc": None} for r in RIGHT]
    lost = [r | {"pc": None} for r in LEFT]
    linked = link_tables(as_table(lost), as_table(empty), config())
    assert "postcode is missing everywhere and is not compared." in linked.summary["warnings"]
    assert set(linked.pairs.column("w_postcode").to_pylist()) == {0.0}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({}, "No field"),
        ({"columns": {"sirname": "x"}}, "Did you mean surname"),
        ({"colums": {}}, "Did you mean columns"),
        ({"columns": {"surname": 3}}, "must be a column"),
        ({"columns": {"surname": {"column": "x", "parse": "%Y"}}}, "only for dates"),
        ({"columns": {"surname": "key"}, "unique_id": "key"}, "never compared"),
        ({"columns": {"surname": "a"}, "model": {"threshold": 2}}, "threshold must be"),
        ({"columns": {"surname": "a"}, "model": {"one_to_one": "yes"}}, "true or false"),
        ({"columns": {"surname": "a"}, "left": {"columns": {"sex": "s"}}}, "same fields"),
        ({"columns": {"surname": "a"}, "categories": {"sex": "s"}}, "taken"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_config(raw)


@pytest.mark.parametrize(
    ("left", "more", "code"),
    [
        (LEFT, {"columns": {"surname": "familly"}}, "link-column-unknown"),
        ([r | {"key": "1"} for r in LEFT[:3]], {}, "link-id-duplicated"),
        ([r | {"key": None} for r in LEFT[:3]], {}, "link-id-missing"),
        (LEFT, {"columns": {"sex": "given"}}, "link-no-blocking"),
        ([dict.fromkeys(r) | {"key": r["key"]} for r in LEFT[:3]], {}, "link-all-missing"),
        ([r | {"d": "x"} for r in LEFT], {"columns": {"birth_date": "d"}}, "link-dates-unreadable"),
        ([], {}, "link-empty"),
    ],
)
def test_tables_that_make_no_sense_are_refused(left: list[dict[str, Any]], more: dict[str, Any], code: str) -> None:
    table = as_table(left) if left else as_table(LEFT).slice(0, 0)
    settings = parse_config({"unique_id": "key", "columns": COLUMNS} | more)
    with pytest.raises(InputError) as caught:
        link_tables(table, None, settings)
    assert caught.value.code == code
    assert not any(row["family"] in caught.value.message for row in LEFT[:20])


class TestCommand:
    """`washhouse link`."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        def text(rows: list[dict[str, str]], delimiter: str) -> str:
            lines = [delimiter.join(row.values()) for row in rows]
            return "\n".join([delimiter.join(f" {name}" for name in rows[0]), *lines]) + "\n"

        (tmp_path / "left.csv.gz").write_bytes(gzip.compress(text(LEFT, ",").encode("utf-8-sig")))
        (tmp_path / "right.csv").write_text(text(RIGHT, "|"), encoding="utf-16")
        (tmp_path / "link.toml").write_text(
            'unique_id = "key"\n[columns]\nfirst_name = "given"\nsurname = "family"\n'
            'birth_date = ["y", "m", "d"]\npostcode = "pc"\n',
            encoding="utf-8",
        )
        return tmp_path

    def call(self, folder: Path, *more: str) -> Any:
        files = [str(folder / "left.csv.gz"), str(folder / "right.csv")]
        return CliRunner().invoke(
            app, ["link", *files, "--config", str(folder / "link.toml"), "--out", str(folder / "pairs.parquet"), *more]
        )

    def test_reads_compressed_and_foreign_files_and_prints_one_object(self, folder: Path) -> None:
        done = self.call(folder, "--json", "--clusters", str(folder / "clusters.parquet"))
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert (told["left"], told["right"], told["pairs"]) == (200, 150, 100)
        assert pq.read_table(folder / "pairs.parquet").num_rows == 100
        assert pq.read_table(folder / "clusters.parquet").num_rows == 350

    def test_tells_a_person_what_it_found(self, folder: Path) -> None:
        done = self.call(folder)
        assert "100 links among 200 and 150 records" in done.stdout

    @pytest.mark.parametrize("broken", ["left.csv.gz", "link.toml"])
    def test_a_missing_file_is_bad_input(self, folder: Path, broken: str) -> None:
        (folder / broken).unlink()
        done = self.call(folder)
        assert done.exit_code == 3
        assert broken in done.stderr

    def test_a_ragged_row_is_named_by_its_number_only(self, folder: Path) -> None:
        (folder / "right.csv").write_text(
            "key,given,family,y,m,d,pc\n1,Secretname,B,1,1,1,L1\n2,Hush\n", encoding="utf-8"
        )
        done = self.call(folder)
        assert done.exit_code == 3
        assert "row 2" in done.stderr
        assert "Hush" not in done.output

    @pytest.mark.parametrize(
        "content", [b"", b"\n", b"key,given\n", bytes(range(256)) * 9, b"\xff\xfe\x00", b"a,a\n1,2\n"]
    )
    def test_a_file_that_is_no_table_is_bad_input(self, folder: Path, content: bytes) -> None:
        (folder / "right.csv").write_bytes(content)
        done = self.call(folder)
        assert done.exit_code == 3, done.output
        assert "right.csv" in done.stderr

    def test_an_output_that_cannot_be_written_is_bad_input(self, folder: Path) -> None:
        done = self.call(folder, "--clusters", str(folder / "nowhere" / "c.parquet"))
        assert done.exit_code == 3
