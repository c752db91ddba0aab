"""What is wrong with a table is said: a clear error, or a counted warning: never silence, no explosion of pairs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.linkage.api import dedupe, link
from washhouse.linkage.config import PARTS, parse_config, parts_of
from washhouse.linkage.encode import encode
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.read import read_table

COLUMNS = {"first_name": "given", "surname": "family", "birth_date": "born", "postcode": "pc"}
SETTINGS: dict[str, Any] = {"unique_id": "key", "columns": COLUMNS}
FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905

Row = dict[str, Any]


def residents(count: int, offset: int = 0, prefix: str = "") -> list[Row]:
    rows = []
    for i in range(offset, offset + count):
        rng = np.random.default_rng(i)
        rows.append(
            {
                "key": f"{prefix}{i:06d}",
                "given": FIRST[rng.integers(len(FIRST))],
                "family": LAST[rng.integers(len(LAST))],
                "born": f"{1930 + i * 7 % 90}-{1 + i * 5 % 12:02d}-{1 + i * 11 % 28:02d}",
                "pc": f"WH{rng.integers(1, 9)} {rng.integers(1, 9)}{chr(65 + int(rng.integers(20)))}B",
            }
        )
    return rows


LEFT, RIGHT = residents(300), residents(200, 200, "R")


def changed(rows: list[Row], **more: Any) -> list[Row]:
    return [row | {name: f(row[name]) if callable(f) else f for name, f in more.items()} for row in rows]


def warnings(linked: Any) -> str:
    return "\n".join(linked.summary["warnings"])


def found(linked: Any) -> set[tuple[str, str]]:
    return {(p["left_id"], p["right_id"]) for p in linked.pairs.to_pylist()}


TRUE = {(f"{i:06d}", f"R{i:06d}") for i in range(200, 300)}


class TestNames:
    """Names of every script, and the ways in which one name is written."""

    ALIKE = (
        ("O'Neill", "O’NEILL", "ONeill", "o`neill"),
        ("Smith-Jones", "smith jones", "Smith–Jones"),
        ("José", "Jose\N{COMBINING ACUTE ACCENT}", "JOSE"),
        ("Ángström", "A\N{COMBINING ACUTE ACCENT}ngstro\N{COMBINING DIAERESIS}m", "angstrom"),
        ("محمد", "مُحَمَّد"),
        ("علي", "على", "علی"),
        ("Γιώργος", "ΓΙΩΡΓΟΣ"),
        ("Алёна", "АЛЕНА"),
        ("राम", "राम\N{ZERO WIDTH NON-JOINER}"),
    )
    APART = (
        "محمد",
        "فاطمة",
        "王伟",
        "李娜",
        "Иван",
        "Мария",
        "Γιώργος",
        "Ελένη",
        "राम",
        "रीमा",
        "สมชาย",
        "สมหญิง",
        "김철수",
        "O'Neill",
        "Łukasz",
    )

    @pytest.mark.parametrize("written", ALIKE, ids=lambda written: written[0])
    def test_one_name_written_in_several_ways_is_one(self, written: tuple[str, ...]) -> None:
        standard = {FIELDS["surname"].standard(text) for text in written}
        assert len(standard) == 1
        assert None not in standard

    def test_different_names_stay_different(self) -> None:
        standard = [FIELDS["surname"].standard(text) for text in self.APART]
        assert None not in standard
        assert len(set(standard)) == len(self.APART)

    def test_people_with_such_names_are_told_apart_and_found(self) -> None:
        def people(prefix: str) -> list[Row]:
            return [
                {"key": f"{prefix}{i}", "given": self.APART[i % 14], "family": self.APART[(i * 3 + i // 14) % 14]}
                | {"born": f"{1950 + i % 50}-{1 + i % 12:02d}-{1 + i % 28:02d}", "pc": None}
                for i in range(150)
            ]

        linked = link(people("L"), people("R"), SETTINGS)
        assert found(linked) == {(f"L{i}", f"R{i}") for i in range(150)}
        assert linked.summary["completeness"]["surname"]["left"] == 1.0


class TestBlocks:
    """Large blocks are capped, told, and their cost estimated."""

    def test_a_hundred_thousand_equal_keys_are_capped_and_told(self) -> None:
        """Everybody in one postcode: other rules still find who is there twice."""
        rng = np.random.default_rng(1842)
        letters = rng.integers(65, 91, (100_000, 7)).astype(np.uint32).view("U7")[:, 0].tolist()
        born = (np.datetime64("1930-01-01") + rng.integers(0, 30_000, 100_000)).astype(str).tolist()
        rows = [
            {"key": str(i), "given": FIRST[i % 15], "family": letters[i], "born": born[i], "pc": "WH1 1AA"}
            for i in range(100_000)
        ]
        twins = [row | {"key": f"D{row['key']}"} for row in rows[:500]]
        linked = dedupe(rows + twins, SETTINGS | {"blocking": {"rules": [["postcode"]]}})
        assert linked.summary["compared"] < 20 * len(rows)
        row = next(row for row in linked.summary["blocking"] if row["rule"] == "postcode")
        assert (row["skipped_records"], row["skipped_blocks"]) == (100_500, 1)
        assert "Blocking on postcode: 1 blocks skipped as too large (100500 records" in warnings(linked)
        assert len({(a, b) for a, b in found(linked) if b == f"D{a}"}) > 450

    def test_what_a_skipped_block_costs_is_estimated_from_the_others(self) -> None:
        """Rule A is a group; every group of 8 holds four true pairs, half of them reached by rule B too. One group is
        larger than the cap: of its 160 true pairs B reaches half, so about as many again are missed."""
        rng = np.random.default_rng(1)
        rows: list[Row] = []
        for i in range(560):
            group = "large" if i < 160 else f"g{i // 4}"
            number = f"{rng.integers(1e9):09d}"
            for copy in (0, 1):
                lost = copy == 1 and i % 2 == 0
                rows.append({"key": f"{i}-{copy}", "group": group, "b": None if lost else number, "c": number})
        settings = {
            "unique_id": "key",
            "categories": {"group": "group"},
            "identifiers": {"b": "b", "c": {"column": "c", "about": "where"}},
            "blocking": {"standard": False, "rules": [["group"], ["b"]], "max_block_pairs": 2000},
        }
        linked = dedupe(rows, settings)
        row = linked.summary["blocking"][0]
        assert row["skipped_records"] == 320
        assert row["missed_links"] == pytest.approx(80, abs=8)
        assert row["recall_cost"] == pytest.approx(80 / 560, abs=0.02)
        assert "at least about" in warnings(linked)
        assert "true links (1" in warnings(linked)

    def test_where_nothing_can_be_told_of_the_cost_that_is_said(self) -> None:
        linked = dedupe([LEFT[0] | {"key": str(i)} for i in range(1_000)], SETTINGS)
        assert linked.summary["compared"] == 0
        assert "cannot be told" in warnings(linked)
        assert "No pair was compared" in warnings(linked)
        assert all(row["missed_links"] is None for row in linked.summary["blocking"] if row["skipped_blocks"])


class TestRules:
    """Blocking rules of the user's own."""

    def test_a_rule_finds_what_the_standard_ones_miss(self) -> None:
        moved = changed(RIGHT, pc="ZZ99 3VZ", born=lambda born: f"{int(born[:4]) + 7}{born[4:5]}12-31", given="Xanthe")
        wide = {"blocking": {"rules": [["surname"]]}}
        plain, more = link(LEFT, moved, SETTINGS, every_pair=True), link(LEFT, moved, SETTINGS | wide, every_pair=True)
        assert more.summary["compared"] > plain.summary["compared"]
        assert more.summary["blocking"][-1]["rule"] == "surname"
        assert found(more) >= TRUE

    def test_standard_rules_may_be_left_out(self) -> None:
        linked = link(LEFT, RIGHT, SETTINGS | {"blocking": {"standard": False, "rules": [["birth_month", "surname"]]}})
        assert [row["rule"] for row in linked.summary["blocking"]] == ["birth month + surname"]
        assert found(linked) == TRUE

    def test_a_rule_over_a_missing_field_is_warned_of(self) -> None:
        lost = [changed(side, pc=None) for side in (LEFT, RIGHT)]
        linked = link(*lost, SETTINGS | {"blocking": {"rules": [["postcode_sector", "surname"]]}})
        assert "The rule postcode_sector + surname is not used" in warnings(linked)
        assert found(linked) >= TRUE

    def test_the_parts_that_may_be_named_are_those_that_exist(self) -> None:
        fields = [FIELDS[name] for name in (*PARTS, "sex", "phone")]
        text = {"birth_date": "1961-11-09", "postcode": "L8 1TN", "address": "14 Mill Road", "phone": "01514960123"}
        encoded = encode({f.name: pa.array([text.get(f.name, "F")]) for f in fields}, fields)
        assert set(encoded.parts) == set(parts_of([f.name for f in fields]))

    @pytest.mark.parametrize(
        ("blocking", "says"),
        [
            ({"rules": [["surnam"]]}, "Did you mean surname"),
            ({"rules": [["sex"]]}, "not a part"),
            ({"rules": ["surname"]}, "lists of parts"),
            ({"rules": [[]]}, "lists of parts"),
            ({"standard": False}, "rules of its own"),
            ({"standard": "no"}, "true or false"),
            ({"max_block_pairs": 0}, "whole number"),
            ({"rule": []}, "Did you mean rules"),
        ],
    )
    def test_rules_that_make_no_sense_are_refused(self, blocking: dict[str, Any], says: str) -> None:
        with pytest.raises(InputError, match=says):
            parse_config(SETTINGS | {"blocking": blocking})

    def test_the_limit_is_said_once(self) -> None:
        with pytest.raises(InputError, match="in \\[blocking\\] and in \\[model\\]"):
            parse_config(SETTINGS | {"blocking": {"max_block_pairs": 5}, "model": {"max_block_pairs": 5}})


class TestValues:
    """Values that say nothing, too much, or the same."""

    def test_placeholder_dates_are_counted(self) -> None:
        linked = link(changed(LEFT[:50], born="1900-01-01") + LEFT[50:], RIGHT, SETTINGS)
        assert "birth_date: 50 values say nothing" in warnings(linked)
        assert found(linked) == TRUE

    def test_dates_that_are_all_placeholders_do_not_stop_the_rest(self) -> None:
        linked = link(*(changed(side, born="01/01/1900") for side in (LEFT, RIGHT)), SETTINGS)
        assert "birth_date: 500 values say nothing" in warnings(linked)
        assert linked.summary["compared"] > 100

    def test_one_value_everywhere_is_warned_of(self) -> None:
        linked = link(*(changed(side, family="Smith") for side in (LEFT, RIGHT)), SETTINGS)
        assert "surname has one value everywhere and tells nobody apart." in warnings(linked)
        assert found(linked) == TRUE

    def test_null_characters_are_left_out_and_counted(self) -> None:
        linked = link(changed(LEFT, family=lambda name: f"{name[:2]}\0{name[2:]}"), RIGHT, SETTINGS)
        assert "surname: 300 values hold null characters" in warnings(linked)
        assert found(linked) == TRUE

    def test_null_characters_in_a_file_do_not_shift_rows(self, tmp_path: Path) -> None:
        lines = [",".join(row.values()).replace("Sm", "S\0m") for row in LEFT]
        (tmp_path / "left.csv").write_text("\n".join(["key,given,family,born,pc", *lines]), encoding="utf-8")
        assert found(link(tmp_path / "left.csv", RIGHT, SETTINGS)) == TRUE

    def test_characters_that_cannot_be_read_are_counted(self, tmp_path: Path) -> None:
        lines = [",".join(row.values()).replace("Smith", "Sm\x81th") for row in LEFT]
        (tmp_path / "left.csv").write_bytes("\n".join(["key,given,family,born,pc", *lines]).encode("latin-1"))
        count = sum(row["family"] == "Smith" for row in LEFT)
        told = warnings(link(tmp_path / "left.csv", RIGHT, SETTINGS))
        assert f"surname: {count} values hold characters that could not be read" in told

    def test_huge_texts_are_cut_and_counted(self, tmp_path: Path) -> None:
        huge = "Wren" * 50_000
        rows = [",".join((row | {"family": huge}).values()) for row in LEFT[:3]]
        (tmp_path / "huge.csv").write_text("\n".join(["key,given,family,born,pc", *rows]), encoding="utf-8")
        linked = dedupe(read_table(tmp_path / "huge.csv"), SETTINGS)
        assert "surname: 3 values are longer than 400 characters" in warnings(linked)
        with pytest.raises(InputError) as caught:
            dedupe(changed(LEFT, key=huge), SETTINGS)
        assert len(str(caught.value)) < 300

    def test_mixed_types_become_texts(self) -> None:
        mixed = [
            row | {"key": i if i % 2 else str(i), "born": date.fromisoformat(row["born"])} for i, row in enumerate(LEFT)
        ]
        mixed[7]["family"] = 7
        assert dedupe([*mixed, mixed[9] | {"key": 9.5}], SETTINGS).pairs.to_pylist()[0]["left_id"] == "9"

    def test_dates_and_numbers_need_not_be_texts(self) -> None:
        typed = pa.table(
            {
                "key": pa.array(range(200, 300)),
                "given": pa.array([row["given"] for row in LEFT[200:]]).dictionary_encode(),
                "family": pa.array([row["family"] for row in LEFT[200:]], pa.large_string()),
                "born": pa.array([date.fromisoformat(row["born"]) for row in LEFT[200:]]),
                "pc": pa.array([row["pc"] for row in LEFT[200:]], pa.string_view()),
            }
        )
        assert {b for _, b in found(link(typed, RIGHT, SETTINGS))} == {b for _, b in TRUE}

    def test_a_nested_column_is_refused(self) -> None:
        with pytest.raises(InputError, match="neither text, number nor date"):
            dedupe(
                changed(LEFT, family=lambda name: [name]) and pa.table({"key": ["1"], "n": [["a"]]}),
                {"columns": {"surname": "n"}},
            )


class TestTables:
    """Tables as a whole."""

    def test_identical_tables_match_row_by_row(self) -> None:
        assert found(link(LEFT, LEFT, SETTINGS)) == {(row["key"], row["key"]) for row in LEFT}

    def test_a_table_linked_to_itself_many_times_over_stays_bounded(self) -> None:
        linked = dedupe([row | {"key": f"{row['key']}-{i}"} for row in LEFT for i in range(30)], SETTINGS)
        assert linked.summary["pairs"] == 300 * 30 * 29 // 2
        assert linked.summary["clusters"] == 300

    def test_one_row_and_one_row(self) -> None:
        assert dedupe(LEFT[:1], SETTINGS).summary["pairs"] == 0
        assert found(link(LEFT[200:201], RIGHT[:1], SETTINGS)) == {("000200", "R000200")}

    @pytest.mark.parametrize(
        ("rows", "settings", "code", "says"),
        [
            (LEFT, {"columns": {"surname": "familly"}}, "link-column-unknown", "Did you mean family"),
            ([], {}, "link-empty", "has no rows"),
            (
                changed(LEFT, given=None, family=None, born=None, pc=None),
                {},
                "link-all-missing",
                "missing in every row",
            ),
            (changed(LEFT, key="7"), {}, "link-id-duplicated", "rows 1 and 2"),
            (changed(LEFT, born="soon"), {}, "link-dates-unreadable", "birth date"),
            (5, {}, "link-table", "of no kind"),
        ],
    )
    def test_a_table_that_makes_no_sense_is_a_clear_error(self, rows: Any, settings: Any, code: str, says: str) -> None:
        table = pa.table({name: pa.array([], pa.string()) for name in LEFT[0]}) if rows == [] else rows
        with pytest.raises(InputError, match=says) as caught:
            link(table, RIGHT, SETTINGS | settings)
        assert caught.value.code == code
        assert not any(row["family"] in str(caught.value) for row in LEFT)

    def test_anything_that_hands_out_arrow_data_is_a_table(self) -> None:
        there = pa.Table.from_pylist(LEFT)
        relation = duckdb.connect().sql("SELECT * FROM there")
        assert there.num_rows == 300
        assert found(link(relation, pa.Table.from_pylist(RIGHT), SETTINGS)) == TRUE

    def test_a_column_that_cannot_be_handed_over_is_told_without_its_value(self) -> None:
        class Frame:
            def __arrow_c_stream__(self, requested_schema: object = None) -> object:
                raise pa.ArrowTypeError("Expected bytes, got 'Secretname'")

        with pytest.raises(InputError, match="mixes kinds of values") as caught:
            link(Frame(), RIGHT, SETTINGS)
        assert caught.value.__cause__ is None
        assert "Secretname" not in str(caught.value)

    def test_a_format_that_says_no_date_is_refused(self) -> None:
        with pytest.raises(InputError, match="year, month and day"):
            parse_config({"columns": {"birth_date": {"column": "born", "parse": "%d.%m"}}})
