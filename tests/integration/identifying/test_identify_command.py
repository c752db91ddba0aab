"""`washhouse identify`: one record, a list or lines on stdin; an answer for people or for programs; exit statuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.desk.live_records import live_records

Stage = Any


def call(stage: Stage, given: str | bytes, *options: str) -> Any:
    return CliRunner().invoke(app, ["identify", "--home", str(stage.home.root), *options], input=given)


def test_one_object_gives_one_answer_with_its_waterfall(stage: Stage) -> None:
    done = call(stage, json.dumps(stage.said(4)), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["version"], told["decision"], told["person_id"]) == ("v1", "same", stage.person(4))
    best = told["candidates"][0]
    assert best["person_id"] == stage.person(4)
    assert {"field", "title", "outcome", "agreement", "words", "bits", "total"} == set(best["steps"][0])
    assert sum(step["bits"] for step in best["steps"]) == pytest.approx(best["weight"], abs=1e-4)


@pytest.mark.parametrize("lines", [False, True], ids=["list", "lines"])
def test_several_give_answers_in_order(stage: Stage, lines: bool) -> None:
    records: Sequence[dict[str, str]] = [stage.said(4), {"surname": "Nobody"}, stage.said(6)]
    given = "\n".join(map(json.dumps, records)) + "\n\n" if lines else json.dumps(records)
    answers = json.loads(call(stage, given, "--json").stdout)["answers"]
    assert [each["person_id"] for each in answers] == [stage.person(4), None, stage.person(6)]


def test_without_json_it_is_told_in_words(stage: Stage) -> None:
    told = call(stage, json.dumps(stage.said(4) | {"postcode": ""})).stdout
    assert told.startswith(f"Known: this is {stage.person(4)}\n")
    assert "Birth date: the same" in told and "not on both: Postcode" in told
    assert "Nobody known" in call(stage, '{"surname": "Quartermaine"}').stdout


def test_record_gives_a_person_that_stays(stage: Stage) -> None:
    said = {"source": "hospital", "source_id": "x1", "surname": "Quartermaine", "birth_date": "1971-03-09"}
    record = json.dumps(said)
    first, second = (json.loads(call(stage, record, "--record", "--json").stdout) for _ in range(2))
    assert first["recorded"] and first["decision"] == "new"
    assert first["person_id"] == second["person_id"]
    assert [row.person_id for row in live_records(stage.desk)] == [first["person_id"]]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"", "record-unreadable"),
        (b"[]", "record-unreadable"),
        (b'"Quartermaine"', "record-unreadable"),
        (b'{"surname": "Quartermaine"', "record-unreadable"),
        (b'{"surname": "Quartermaine"}\n{"surname"', "record-unreadable"),
        (b"\xff", "record-unreadable"),
        (b"[" * 100_000, "record-unreadable"),
        (b'{"surname": ' + b"9" * 5000 + b"}", "record-unreadable"),
        (b'{"surname": "' + b"Q" * 2_000_000 + b'"}', "record-unreadable"),
        (b'{"surnam": "Quartermaine"}', "record-invalid"),
        (b'["Quartermaine"]', "record-invalid"),
        (b"{}", "record-invalid"),
    ],
    ids=range(12),
)
def test_bad_input_ends_with_3_and_is_not_repeated(stage: Stage, given: bytes, code: str) -> None:
    done = call(stage, given, "--json")
    assert done.exit_code == 3
    assert f"errors.md#{code}" in done.stderr
    assert "Quartermaine" not in done.output and "fault" not in done.stderr
    assert done.stdout == ""


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["identify", "--home", str(tmp_path / "nowhere")], input="{}")
    assert done.exit_code == 3
    assert not (tmp_path / "nowhere").exists()
