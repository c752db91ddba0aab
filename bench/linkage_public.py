"""How well are public data sets linked, beside Splink 5 on the very same pairs?

    python bench/linkage_public.py

Census and CIS are invented people of the ONS, FEBRL 3 and 4 the sets of the Australian National University; nobody here
made them or can tune their generator. They are read from ../shared/data/linkage and skipped with a word where they are
not. Each set is linked by `washhouse.linkage.api` with its default model; Splink then trains and scores exactly the
pairs that our blocking gave (its `register_blocked_pairs_for_predict`), so that only models and decisions differ.

No threshold is tuned on the truth: ours comes from the model, Splink's is 0.95 as in its quickstart. Its best
threshold against the truth is shown too, which nobody has in practice. Splink is given the standard comparisons of its
guides, and where two choices are sensible (the written address or not) the one that does better against the truth. One
to one, its pairs are taken by falling probability, a record at most once: its own clustering by single best links keeps
the same pairs or fewer.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.api import dedupe, link
from washhouse.linkage.cluster import cluster
from washhouse.linkage.link import Linked
from washhouse.linkage.read import read_table

DATA = Path(__file__).parents[2] / "shared/data/linkage"
GRID = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999, 0.99999)

ONS = {
    "unique_id": "PERSON_ID",
    "columns": {
        "first_name": "PERNAME1",
        "surname": "PERNAME2",
        "birth_date": ["DOB_YEAR", "DOB_MON", "DOB_DAY"],
        "sex": "SEX",
        "postcode": "ENUMPC",
        "address": "ENUMCAP",
    },
}
FEBRL = {
    "unique_id": "rec_id",
    "columns": {
        "first_name": "given_name",
        "surname": "surname",
        "birth_date": "date_of_birth",
        "postcode": "postcode",
        "address": ["street_number", "address_1"],
    },
    "categories": {"suburb": "suburb", "state": "state"},
    "identifiers": {"soc_sec_id": "soc_sec_id"},
}


@dataclass(frozen=True)
class Data:
    """A set to be linked.

    Attributes:
        name: Its name.
        files: One or two files.
        settings: Ours.
        person: The true person of a row's id; only to judge with.
        one_to_one: Both tables are clean lists.
        by_clusters: Judged by the pairs inside clusters, as duplicates are.
    """

    name: str
    files: tuple[str, ...]
    settings: dict[str, Any]
    person: Callable[[str], str]
    one_to_one: bool = False
    by_clusters: bool = False


def _febrl_person(rec_id: str) -> str:
    return rec_id.split("-")[1]


CENSUS = Data("ONS census and CIS", ("census.csv.gz", "cis.csv.gz"), ONS, str)
SETS = (
    replace(CENSUS, name="ONS census and CIS, one to one", one_to_one=True),
    CENSUS,
    Data("FEBRL 4", ("febrl_dataset4a.csv", "febrl_dataset4b.csv"), FEBRL, _febrl_person),
    Data("FEBRL 3", ("febrl_dataset3.csv",), FEBRL, _febrl_person, by_clusters=True),
)
Pairs = tuple[np.ndarray, np.ndarray]
"""Rows of both records of each pair, left table before right."""


def judge(data: Data, ids: Sequence[tuple[str, str]], left: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of links, as pairs or as the pairs inside their clusters."""
    people = [data.person(name) for _, name in ids]
    if data.by_clusters:
        label = cluster(len(ids), left, right, np.ones(len(left)), limit=max(len(ids), 2)).label.tolist()
        found, wanted = _within(label), _within(people)
        right_pairs = _within(zip(label, people, strict=True))
    else:
        sides = [Counter(p for (side, _), p in zip(ids, people, strict=True) if side == s) for s in ("left", "right")]
        wanted = sum(count * sides[1][person] for person, count in sides[0].items())
        found = len(left)
        right_pairs = sum(people[a] == people[b] for a, b in zip(left.tolist(), right.tolist(), strict=True))
    return {
        "precision": right_pairs / found if found else 1.0,
        "recall": right_pairs / wanted,
        "f1": 2 * right_pairs / (found + wanted),
    }


def _within(labels: Iterable[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(labels).values())


def run_washhouse(data: Data, tables: Sequence[pa.Table]) -> tuple[Linked, list[tuple[str, str]], dict[str, Any]]:
    """Our own, with the defaults."""
    settings = data.settings | {"model": {"one_to_one": data.one_to_one}}
    started = time.perf_counter()
    linked = link(tables[0], tables[1], settings) if len(tables) == 2 else dedupe(tables[0], settings)
    seconds = time.perf_counter() - started
    ids = list(zip(linked.clusters.column("side").to_pylist(), linked.clusters.column("id").to_pylist(), strict=True))
    chosen = linked.held & (linked.chances >= linked.cut)
    pairs = linked.scored.candidates
    reached = judge(data, ids, pairs.left, pairs.right)["recall"]
    row = {
        "seconds": seconds,
        "pairs": len(pairs.left),
        "reached": reached,
        "expected_f1": linked.summary["estimated_f1"],
    }
    return linked, ids, row | judge(data, ids, pairs.left[chosen], pairs.right[chosen])


def splink_table(data: Data, table: pa.Table, ids: list[str], prefix: str) -> pa.Table:
    """Return a table as Splink's guides advise: upper case, blanks removed, empty as null, ids that tell nothing."""

    def text(column: str) -> pa.ChunkedArray:
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(pc.cast(table.column(column), pa.string())))
        return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)

    place = {name: row for row, name in enumerate(ids)}
    unique = [
        f"{prefix}{place[name]}" for name in pc.cast(table.column(data.settings["unique_id"]), pa.string()).to_pylist()
    ]
    columns = {"unique_id": pa.array(unique)}
    if "PERNAME1" in table.column_names:
        columns |= {name: text(theirs) for name, theirs in _ONS_NAMES.items()}
        parts = [pc.utf8_lpad(text(column), width, "0") for column, width in _DATE]
        columns["dob"] = pc.binary_join_element_wise(*parts, "-")
    else:
        columns |= {name: text(theirs) for name, theirs in _FEBRL_NAMES.items()}
        dob = text("date_of_birth")
        parts = [pc.utf8_slice_codeunits(dob, *cut) for cut in ((0, 4), (4, 6), (6, 8))]
        columns["dob"] = pc.binary_join_element_wise(*parts, "-")
        columns["address"] = pc.binary_join_element_wise(
            *(pc.fill_null(text(c), "") for c in ("street_number", "address_1")), " "
        )
    return pa.table(columns)


_ONS_NAMES = {"first_name": "PERNAME1", "surname": "PERNAME2", "sex": "SEX", "postcode": "ENUMPC", "address": "ENUMCAP"}
_FEBRL_NAMES = {"first_name": "given_name", "surname": "surname"} | {
    name: name for name in ("postcode", "suburb", "state", "soc_sec_id")
}
_DATE = (("DOB_YEAR", 4), ("DOB_MON", 2), ("DOB_DAY", 2))


def comparisons(data: Data, address: bool) -> list[Any]:
    """Splink's standard comparisons for the fields, as in its guides and its own FEBRL examples."""
    import splink.comparison_library as cl

    chosen = [
        cl.NameComparison("first_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
    ]
    if data.settings is ONS:
        chosen += [cl.ExactMatch("sex"), cl.PostcodeComparison("postcode")]
    else:
        chosen += [
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
            cl.ExactMatch("suburb").configure(term_frequency_adjustments=True),
            cl.ExactMatch("state"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
        ]
    return chosen + ([cl.JaroWinklerAtThresholds("address", [0.9])] if address else [])


def run_splink(
    data: Data, tables: Sequence[pa.Table], ids: Sequence[tuple[str, str]], pairs: Pairs, address: bool
) -> list[dict[str, Any]]:
    """Train Splink, let it score our pairs, decide at 0.95 and at the best threshold against the truth."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)
    started = time.perf_counter()
    database, two = DuckDBAPI(), len(tables) == 2
    sides = [[name for side, name in ids if side == s] for s in ("left", "right")]
    offset = len(sides[0])
    prepared = [splink_table(data, table, side, "") for table, side in zip(tables, sides, strict=False)]
    registered = [
        database.register(table, dataset_display_name=name)
        for table, name in zip(prepared, ("one", "two"), strict=False)
    ]
    settings = SettingsCreator(
        link_type="link_only" if two else "dedupe_only",
        comparisons=comparisons(data, address),
        blocking_rules_to_generate_predictions=[block_on("dob")],
        retain_matching_columns=False,
    )
    linker = Linker(registered if two else registered[0], settings)
    sure = [block_on("first_name", "surname", "dob")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("dob"), block_on("first_name", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    left, right = pairs[0].astype(str), (pairs[1] - (offset if two else 0)).astype(str)
    if two:
        left, right = np.char.add("one-__-", left), np.char.add("two-__-", right)
    blocked = pa.table({"match_key": ["0"] * len(left), "join_key_l": left, "join_key_r": right})
    linker.table_management.register_blocked_pairs_for_predict(database.register(blocked))
    predicted = linker.inference.predict()
    found = predicted.as_duckdbpyrelation().project("unique_id_l, unique_id_r, match_probability").fetchnumpy()
    a, b = (np.asarray(found[f"unique_id_{side}"]).astype(np.int64) for side in ("l", "r"))
    chance = np.asarray(found["match_probability"])
    if len(a) != len(left):
        raise SystemExit(f"Splink scored {len(a)} pairs of {len(left)}")
    b = b + offset if two else b
    judged = {}
    for cut in GRID:
        kept = _best_links(a, b, chance, cut) if data.one_to_one else chance >= cut
        judged[cut] = judge(data, ids, a[kept], b[kept])
    seconds = time.perf_counter() - started
    best = max(judged, key=lambda cut: judged[cut]["f1"])
    words = "with address" if address else "without address"
    common = {"seconds": seconds, "pairs": len(a), "address": words}
    return [
        {"method": "Splink 5 at 0.95"} | common | judged[0.95],
        {"method": "Splink 5, tuned on the truth", "cut": best} | common | judged[best],
    ]


def _best_links(left: np.ndarray, right: np.ndarray, chance: np.ndarray, cut: float) -> np.ndarray:
    """Keep pairs at or above a cut by falling probability, a record at most once."""
    order = np.lexsort((right, left, -chance))
    order = order[chance[order] >= cut]
    keep, taken = np.zeros(len(left), dtype=bool), set()
    for pair in order.tolist():
        a, b = int(left[pair]), int(right[pair])
        if a not in taken and b not in taken:
            taken |= {a, b}
            keep[pair] = True
    return keep


def main() -> int:
    """Link every set, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--no-splink", action="store_true")
    options.add_argument("--json", type=Path, help="write every row here")
    chosen = options.parse_args()
    if not DATA.is_dir():
        print("skipped: the public data of ../shared/data/linkage is not here")
        return 0
    rows: list[dict[str, Any]] = []
    for data in SETS:
        tables = [read_table(DATA / file) for file in data.files]
        linked, ids, row = run_washhouse(data, tables)
        mine = [{"method": "washhouse"} | row]
        if not chosen.no_splink:
            pairs = linked.scored.candidates.left, linked.scored.candidates.right
            tried = [run_splink(data, tables, ids, pairs, address) for address in (False, True)]
            mine += max(tried, key=lambda rows: rows[0]["f1"])
        for each in mine:
            rows.append({"set": data.name} | each)
            print(_line(rows[-1]), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))
    return 0


def _line(row: dict[str, Any]) -> str:
    more = f"  {row['pairs']:,} pairs"
    if "reached" in row:
        more += f", blocking reaches {row['reached']:.4f}; expected F1 without truth {row['expected_f1']:.4f}"
    if "address" in row:
        more += f", {row['address']}" + (f", at {row['cut']}" if "cut" in row else "")
    return (
        f"{row['set']:<31} {row['method']:<29} P {row['precision']:.4f}  R {row['recall']:.4f}  F1 {row['f1']:.4f}  "
        f"{row['seconds']:>5.1f} s{more}"
    )


if __name__ == "__main__":
    sys.exit(main())
