"""A model that was trained once weighs and decides on other tables alike."""

from __future__ import annotations

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
from washhouse.linkage.api import dedupe, explain, link, read_model, train, write_model

FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905
SETTINGS: dict[str, Any] = {
    "unique_id": "key",
    "columns": {"first_name": "given", "surname": "family", "birth_date": "born", "postcode": "pc"},
    "names": {"middle_name": "middle"},
    "dates": {"moved_in": {"column": "moved", "parse": "%d.%m.%Y"}},
    "categories": {"trade": {"column": "trade", "about": "who"}},
}


def residents(count: int, offset: int = 0, prefix: str = "") -> list[dict[str, str]]:
    rows = []
    for i in range(offset, offset + count):
        rng = np.random.default_rng(i)
        rows.append(
            {
                "key": f"{prefix}{i:05d}",
                "given": FIRST[rng.integers(len(FIRST))],
                "middle": FIRST[rng.integers(len(FIRST))],
                "family": LAST[rng.integers(len(LAST))],
                "born": f"{rng.integers(1930, 2020)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}",
                "moved": f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1990, 2024)}",
                "pc": f"WH{rng.integers(1, 9)} {rng.integers(1, 9)}{chr(65 + int(rng.integers(20)))}B",
                "trade": ["baker", "smith", "nurse", "clerk"][rng.integers(4)],
            }
        )
    return rows


LEFT, RIGHT = residents(300), residents(200, 150, "R")
OTHER_LEFT, OTHER_RIGHT = residents(250, 1000), residents(240, 1100, "R")


def weights(linked: Any) -> dict[tuple[str, str], tuple[float, ...]]:
    names = [name for name in linked.pairs.column_names if name == "weight" or name.startswith("w_")]
    return {(p["left_id"], p["right_id"]): tuple(p[n] for n in names) for p in linked.pairs.to_pylist()}


def test_a_saved_model_weighs_the_same_pairs_alike(tmp_path: Path) -> None:
    trained = link(LEFT, RIGHT, SETTINGS, every_pair=True)
    write_model(trained.model, tmp_path / "model.json")
    again = link(LEFT, RIGHT, SETTINGS, model=tmp_path / "model.json", every_pair=True)
    assert weights(again) == weights(trained)
    assert again.pairs.column("linked").to_pylist() == trained.pairs.column("linked").to_pylist()
    assert again.model.digest == trained.model.digest == again.summary["trained_model"]


def test_other_tables_get_the_weights_of_the_model_not_their_own() -> None:
    model = train(LEFT, RIGHT, SETTINGS)
    alone = link(OTHER_LEFT, OTHER_RIGHT, SETTINGS, model=model, every_pair=True)
    among = link(OTHER_LEFT, OTHER_RIGHT + RIGHT, SETTINGS, model=model, every_pair=True)
    mine, theirs = weights(alone), weights(among)
    assert len(mine) > 150
    assert {pair: theirs[pair] for pair in mine} == mine
    assert weights(link(OTHER_LEFT, OTHER_RIGHT, SETTINGS, every_pair=True)) != mine
    assert alone.summary["threshold"] == round(model.thresholds["link"], 6)


def test_fields_of_ones_own_are_compared_as_their_section_says() -> None:
    linked = link(LEFT, RIGHT, SETTINGS)
    assert linked.summary["pairs"] == 150
    told = {row["level"] for row in linked.summary["weights"] if row["field"] == "moved_in"}
    assert "day and month swapped" in told
    assert {f.name: f.about for f in linked.model.fields}["trade"] == "who"
    assert min(linked.pairs.column("w_moved_in").to_pylist()) > 5
    assert min(linked.pairs.column("w_middle_name").to_pylist()) > 1


def test_explain_tells_the_weight_of_a_pair() -> None:
    linked = link(LEFT, RIGHT, SETTINGS)
    pair = linked.pairs.to_pylist()[0]
    steps = explain(linked, pair["left_id"], pair["right_id"])
    assert steps[-1].total == pytest.approx(pair["weight"])
    assert {step.field for step in steps} == {"before", *(n[2:] for n in pair if n.startswith("w_"))}
    with pytest.raises(InputError, match="not compared"):
        explain(linked, "00000", "nobody")


def test_duplicates_are_found_with_a_model_too() -> None:
    doubled = LEFT + [row | {"key": f"D{row['key']}"} for row in LEFT[:40]]
    model = train(doubled, None, SETTINGS)
    linked = dedupe(residents(60, 2000) + residents(30, 2000, "D"), SETTINGS, model=model)
    assert {p["right_id"] for p in linked.pairs.to_pylist()} == {f"D{i:05d}" for i in range(2000, 2030)}
    assert explain(linked, "D02000", "02000")[-1].total > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"categories": {}}, "trade"),
        ({"categories": {"trade": "trade"}}, "in another way"),
        (
            {"names": {}, "categories": {"middle_name": "middle", "trade": {"column": "trade", "about": "who"}}},
            "another",
        ),
    ],
)
def test_a_model_must_fit_the_fields(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        link(LEFT, RIGHT, SETTINGS | change, model=train(LEFT, RIGHT, SETTINGS))
    assert caught.value.code == "link-model"


def test_a_field_that_the_model_does_not_know_is_warned_of() -> None:
    model = train(LEFT, RIGHT, {k: v for k, v in SETTINGS.items() if k != "categories"})
    linked = link(LEFT, RIGHT, SETTINGS, model=model)
    assert "trade is not in the model and is not compared." in linked.summary["warnings"]
    assert set(linked.pairs.column("w_trade").to_pylist()) == {0.0}


def test_a_field_of_the_model_may_be_missing_everywhere() -> None:
    model = train(LEFT, RIGHT, SETTINGS)
    linked = link([r | {"pc": None} for r in LEFT], RIGHT, SETTINGS, model=model)
    assert linked.summary["pairs"] == 150
    assert set(linked.pairs.column("w_postcode").to_pylist()) == {0.0}


def test_tables_of_another_size_are_warned_of() -> None:
    model = train(LEFT, RIGHT, SETTINGS)
    told = link(LEFT[150:160], RIGHT[:10], SETTINGS, model=model).summary["warnings"]
    assert any("its prior" in warning for warning in told)


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    write_model(train(LEFT, RIGHT, SETTINGS), tmp_path / "model.json")
    raw = json.loads((tmp_path / "model.json").read_text())
    raw["sizes"][0] *= 2
    (tmp_path / "model.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match="digest"):
        read_model(tmp_path / "model.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_model(tmp_path / "none.json")


def test_a_model_holds_no_value() -> None:
    text = train(LEFT, RIGHT, SETTINGS).to_json().upper()
    values = {row[name].upper() for row in LEFT for name in ("given", "family", "trade", "pc")}
    assert not [value for value in values if len(value) > 3 and value in text]
    assert len(json.loads(text)["BANDS"]["FIRST_NAME"]) > 5


def test_the_command_trains_writes_and_uses_a_model(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(LEFT), tmp_path / "left.parquet")
    pq.write_table(pa.Table.from_pylist(RIGHT), tmp_path / "right.parquet")
    (tmp_path / "link.toml").write_text(
        'unique_id = "key"\n[columns]\nfirst_name = "given"\nsurname = "family"\nbirth_date = "born"\npostcode = "pc"\n'
    )
    common = ["link", *(str(tmp_path / f"{side}.parquet") for side in ("left", "right"))]
    common += ["--config", str(tmp_path / "link.toml"), "--json"]
    first = CliRunner().invoke(
        app, [*common, "--out", str(tmp_path / "a.parquet"), "--model-out", str(tmp_path / "model.json")]
    )
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(
        app, [*common, "--out", str(tmp_path / "b.parquet"), "--model", str(tmp_path / "model.json")]
    )
    assert second.exit_code == 0, second.output
    assert pq.read_table(tmp_path / "a.parquet").equals(pq.read_table(tmp_path / "b.parquet"))
    missing = CliRunner().invoke(
        app, [*common, "--out", str(tmp_path / "c.parquet"), "--model", str(tmp_path / "no.json")]
    )
    assert missing.exit_code == 3
    assert "no.json" in missing.stderr
