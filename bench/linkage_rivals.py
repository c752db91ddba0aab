"""What do others make of the same records? Exact matching, and Splink 5 with its own blocking, model and clustering."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.cluster import cluster


def exact_labels(table: pa.Table) -> list[Any]:
    """Join records with one NHS number, then records with one full name and birth date.

    Returns:
        A label for each row; equal labels are one person.
    """
    parent: dict[Any, Any] = {}

    def root(x: Any) -> Any:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    rows = table.select(["nhs_number", "first_name", "surname", "birth_date"]).to_pylist()
    for i, row in enumerate(rows):
        if row["nhs_number"]:
            parent[root(i)] = root(("number", row["nhs_number"]))
    for i, row in enumerate(rows):
        if row["first_name"] and row["surname"] and row["birth_date"]:
            key = (row["first_name"].strip().upper(), row["surname"].strip().upper(), row["birth_date"])
            parent[root(i)] = root(key)
    return [root(i) for i in range(len(rows))]


def splink_input(table: pa.Table) -> pa.Table:
    """Return the records as Splink's guides advise: upper case, blanks removed, unknown as null, dates as text."""

    def text(column: str) -> pa.ChunkedArray:
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(table.column(column)))
        return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)

    sex = table.column("sex")
    known = pc.is_in(sex, pa.array(["female", "male"]))
    postcode = text("postcode")
    return pa.table(
        {
            "unique_id": pa.array(np.arange(table.num_rows)),
            **{name: text(name) for name in ("nhs_number", "first_name", "surname", "address", "uprn", "phone")},
            "dob": pc.cast(table.column("birth_date"), pa.string()),
            "sex": pc.if_else(known, sex, pa.scalar(None, pa.string())),
            "postcode": pc.if_else(pc.starts_with(postcode, "ZZ99"), pa.scalar(None, pa.string()), postcode),
        }
    )


Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Both records of each pair, and its match weight."""


def splink_edges(table: pa.Table, *, names: bool, seed: int = 1) -> Edges:
    """Train Splink on the records and let it predict, see `_predicted`.

    Args:
        table: The records.
        names: Whether there are names, addresses and telephone numbers to compare.
        seed: Seed of Splink's random sample.

    Returns:
        Pairs with a probability above 0.01.
    """
    return _edges(_predicted(splink_input(table), names=names, seed=seed)[1])


def splink_people(table: pa.Table, *, keys: pa.Table | None = None, cut: float = 0.95) -> tuple[np.ndarray, *Edges]:
    """Let Splink link and cluster records with names, by its own means.

    Args:
        table: The records.
        keys: Columns that records are blocked on, from `our_block_keys`; None for rules that a user would write.
        cut: Probability at which it clusters.

    Returns:
        A label for each row, and Splink's pairs with a probability above 0.01.
    """
    told = splink_input(table)
    for name in keys.column_names if keys else []:
        told = told.append_column(name, keys.column(name))
    linker, predicted = _predicted(told, names=True, seed=1, rules=keys.column_names if keys else None)
    clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, cut)
    found = clustered.as_duckdbpyrelation().project("unique_id, cluster_id").fetchnumpy()
    label = np.empty(table.num_rows, dtype=np.int64)
    label[np.asarray(found["unique_id"])] = np.unique(np.asarray(found["cluster_id"]), return_inverse=True)[1]
    return label, *_edges(predicted)


def our_block_keys(table: pa.Table) -> pa.Table:
    """Return each record's key under each of our blocking rules; null where a part is missing or the block is closed.

    Blocking on equal keys, in this order, gives our candidate pairs and no others.
    """
    from washhouse.linkage.block_groups import lay_blocks
    from washhouse.linkage.blocking import rules_for
    from washhouse.linkage.encode import encode
    from washhouse.linkage.fields import FIELDS
    from washhouse.linkage.pairs import present_columns

    columns = present_columns(table)
    encoded = encode(columns, [FIELDS[name] for name in columns])
    blocks = lay_blocks(encoded, rules_for(encoded))
    keys = {f"key_{rule:02}": blocks.keys(rule) for rule in range(len(blocks.rules))}
    return pa.table({name: pa.array(held, mask=held < 0) for name, held in keys.items()})


def _edges(predicted: Any) -> Edges:
    found = predicted.as_duckdbpyrelation().project("unique_id_l, unique_id_r, match_weight").fetchnumpy()
    return (
        np.asarray(found["unique_id_l"]).astype(np.int32),
        np.asarray(found["unique_id_r"]).astype(np.int32),
        np.asarray(found["match_weight"]).astype(np.float64),
    )


def _predicted(told: pa.Table, *, names: bool, seed: int, rules: list[str] | None = None) -> tuple[Any, Any]:
    """Train Splink and let it predict.

    Address and UPRN are left to blocking: Splink's guide warns of columns that go together with another (here the
    postcode), and comparing them lowers its F1 on these records by 0.03 to 0.06.

    Args:
        told: Records, from `splink_input`, with the columns of `rules`.
        names: Whether there are names, addresses and telephone numbers to compare.
        seed: Seed of Splink's random sample.
        rules: Columns to block on, one after the other; rules that a user would write if left out.

    Returns:
        The linker, and its pairs with a probability above 0.01.
    """
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)
    comparisons = [
        cl.ExactMatch("nhs_number"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.ExactMatch("sex"),
        cl.PostcodeComparison("postcode"),
    ]
    blocking = [
        block_on("nhs_number"),
        block_on("dob", "postcode"),
        block_on("dob", "sex"),
        block_on("uprn", "sex"),
        block_on("postcode", "substr(dob, 1, 4)"),
        block_on("postcode", "substr(dob, 6, 5)"),
    ]
    sure = [block_on("nhs_number"), block_on("dob", "postcode", "sex")]
    training = [block_on("nhs_number"), block_on("dob", "postcode")]
    if names:
        comparisons += [cl.NameComparison("first_name"), cl.NameComparison("surname"), cl.ExactMatch("phone")]
        blocking = [
            block_on("nhs_number"),
            block_on("dob", "surname"),
            block_on("dob", "first_name"),
            block_on("dob", "postcode"),
            block_on("first_name", "surname", "postcode"),
            block_on("first_name", "surname", "substr(dob, 1, 4)"),
            block_on("first_name", "surname", "substr(dob, 6, 5)"),
            block_on("uprn", "first_name"),
            block_on("phone"),
        ]
        sure = [block_on("nhs_number"), block_on("first_name", "surname", "dob")]
        training = [block_on("dob"), block_on("first_name", "surname")]
    if rules is not None:
        blocking = [block_on(column) for column in rules]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=blocking,
        retain_matching_columns=False,
    )
    database = DuckDBAPI()
    linker = Linker(database.register(told), settings)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=seed)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    return linker, linker.inference.predict(threshold_match_probability=0.01)


def components(records: int, left: np.ndarray, right: np.ndarray, weights: np.ndarray, probability: float) -> list[int]:
    """Return connected components of the pairs at or above a probability, as Splink's clustering gives them."""
    kept = weights >= np.log2(probability / (1 - probability))
    found = cluster(records, left[kept], right[kept], weights[kept], limit=max(records, 2))
    return found.label.tolist()
