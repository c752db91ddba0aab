"""A file of any writing is understood, a part of a large one is enough, and the proposal can be tried at once."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.core.errors import InputError
from washhouse.sources.declared.bench import Trial, try_out
from washhouse.sources.declared.read import read_declaration
from washhouse.sources.proposed import sample as sampling
from washhouse.sources.proposed.profile import profile
from washhouse.sources.proposed.sample import Sample, read_sample
from washhouse.sources.proposed.write import name_source, write_proposal

ROWS = [
    (f"V{at}", f"P{at % 40}", f"{at % 28 + 1:02}/02/2026", "Café, long" if at % 2 else "Clinic") for at in range(200)
]
HEADER = ("Visit ID", "Patient ID", "Seen", "Kind")


def written(delimiter: str, end: str = "\n") -> str:
    return end.join(
        delimiter.join(f'"{field}"' if delimiter in field else field for field in row) for row in (HEADER, *ROWS)
    )


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (written(","), "utf-8", ("utf-8", ",")),
        (written("|"), "utf-8-sig", ("utf-8-sig", "|")),
        (written("\t", "\r\n"), "utf-16", ("utf-16-le", "\t")),
        (written(";"), "utf-16-le", ("utf-16-le", ";")),
        (written(";", "\r\n") + "\r\n;;;\r\n\r\n", "cp1252", ("cp1252", ";")),
    ],
)
def test_how_a_file_is_written(tmp_path: Path, text: str, encoding: str, found: tuple[str, str]) -> None:
    path = tmp_path / "visits.csv"
    path.write_bytes(text.encode(encoding))
    sample = read_sample(path)
    assert (sample.encoding, sample.delimiter) == found
    assert (sample.rows, sample.total, sample.whole, sample.skipped) == (200, 200, True, 0)
    assert sample.columns["Kind"].to_pylist() == [row[3] for row in ROWS]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    days = pa.array([date(2026, 2, at % 28 + 1) for at in range(200)])
    pq.write_table(pa.table({"visit_id": range(200), "patient_id": [row[1] for row in ROWS], "seen": days}), path)
    sample = read_sample(path)
    assert (sample.encoding, sample.rows) == ("parquet", 200)
    trial = tried(sample, path, tmp_path)
    assert (trial.people, trial.event_count) == (40, 200)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_large_file_is_looked_at_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(sampling, "WHOLE_BYTES", 100_000)
    monkeypatch.setattr(sampling, "_HEAD", 20_000)
    monkeypatch.setattr(sampling, "_BLOCK", 2_000)
    lines = [f"V{at},P{at % 900},{at % 28 + 1:02}/02/2026,café" for at in range(20_000)]
    path = tmp_path / "visits.csv"
    path.write_bytes(("Visit ID,Patient ID,Seen,Kind\n" + "\n".join(lines) + "\n").encode(encoding))
    sample = read_sample(path)
    assert not sample.whole
    assert 1_000 < sample.rows < 5_000
    assert 18_000 < sample.total < 22_000
    assert sample.skipped == 0
    assert set(sample.columns["Kind"].to_pylist()) == {"café"}
    assert max(int(text[1:]) for text in sample.columns["Visit ID"].to_pylist()) > 19_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "sample-unreadable"),
        (b"PK\x03\x04rest", "sample-unreadable"),
        (b"PAR1rest", "sample-unreadable"),
        (b"1,2025-01-02\n3,2025-01-04\n", "sample-without-header"),
    ],
)
def test_what_cannot_be_looked_at(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read_sample(path)
    assert refused.value.code == code


def tried(sample: Sample, path: Path, folder: Path) -> Trial:
    name = name_source(path.name)
    text = write_proposal(sample, profile(sample, datetime(2026, 7, 1)), name)
    (folder / "proposed.toml").write_text(text, encoding="utf-8")
    declared = read_declaration(folder / "proposed.toml")
    return try_out(declared, {f"{name}{path.suffix}": path.read_bytes()}, "2026-07-01")


def test_a_proposal_can_be_tried_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(written(","), encoding="utf-8")
    trial = tried(read_sample(path), path, tmp_path)
    assert (trial.people, trial.event_count, trial.unreadable, trial.nobody) == (40, 200, 0, 0)
    assert dict(trial.events) == {"VISITS//caf-long": 100, "VISITS//clinic": 100}


def test_headers_of_any_kind_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('Größe,2nd visit,a b,A-B,,"say ""x"""\nx,y,z,w,v,u\n', encoding="utf-8")
    sample = read_sample(path)
    text = write_proposal(sample, profile(sample, datetime(2026, 7, 1)), "odd")
    columns = tomllib.loads(text)["tables"]["odd"]["columns"]
    assert list(columns) == ["Gr_e", "c_2nd_visit", "a_b", "A_B_2", "say_x"]
    assert columns["c_2nd_visit"]["aliases"] == ["2nd visit"]


def test_a_file_of_nobody_asks_for_the_person(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(
        "month,org,total\n" + "".join(f"2025-0{at % 9 + 1},A{at % 7},{at}\n" for at in range(60)), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"key identity.person: name the column"):
        tried(read_sample(path), path, tmp_path)


def test_of_several_columns_the_telling_ones_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    rows = [
        f"e{at},p{at % 9},{(8507, 8532)[at % 2]},{'MF'[at % 2]},2025-02-0{at % 9 + 1},X{at % 60},some words {at}"
        for at in range(90)
    ]
    path.write_text(
        "\n".join(["ref,patient_id,gender_concept,gender,seen,code,summary", *rows]) + "\n", encoding="utf-8"
    )
    sample = read_sample(path)
    text = write_proposal(sample, profile(sample, datetime(2026, 7, 1)), "events")
    proposed = tomllib.loads(text)
    assert proposed["tables"]["events"]["key"] == ["ref"]
    assert proposed["identity"]["sex"] == "gender"
    assert proposed["events"][0]["code"] == "EVENTS//{code}"
