"""Landing a batch: kept as received, typed, every line accounted for; done again without harm, and only once."""

from __future__ import annotations

import datetime as dt
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home, Settings
from washhouse.governance import vault as vaults
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version
from washhouse.lake.shares import Share
from washhouse.lake.store import Lake
from washhouse.pipeline import landed_files
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch, read_inbox
from washhouse.pipeline.landing import Book, Parents, known_provider, land_batch, land_batches
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.typed import TypedRows
from washhouse.sources import file as reading
from washhouse.sources import reader, records
from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec
from washhouse.sources.registry import SPECS

CLINIC = SourceSpec(
    "clinic",
    "Clinic",
    (
        TableSpec("visits", (ColumnSpec("visit", key=True, required=True), ColumnSpec("day", "date")), ("visit",)),
        TableSpec(
            "letters",
            (ColumnSpec("letter", key=True, required=True), ColumnSpec("visit", required=True)),
            ("letter",),
            parent=("visits", "visit"),
        ),
    ),
)
SAMPLES = Path(__file__).parents[1] / "sources" / "samples"
GOOD = "visit,day\nv1,2025-05-01\nv2,2025-05-02\nv2,2025-05-02\n,2025-05-03\n"


class KilledError(Exception):
    """Stands for the death of the process."""


def kill(point: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == point:
            raise KilledError

    return reached


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    home = Home(tmp_path / "home")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    now = dt.datetime(2025, 7, 1)
    return RunContext(home, Settings(), Lake(home.lake), vault, None, now, Silent(), lambda name: None)


def batch_of(root: Path, name: str, **files: str) -> Batch:
    folder = root / "inbox" / "clinic" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / f"{file}.csv").write_text(text)
    return next(one for one in read_inbox(root / "inbox", ["clinic"], []).batches if one.name == name)


def land(context: RunContext, batch: Batch, spec: SourceSpec = CLINIC) -> Book:
    return land_batch(context, spec, batch)


def test_lines_are_accounted_for_and_files_kept_as_received(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD, unheard="x\n1\n")
    book = land(context, batch)
    rows = {row["file"]: row for row in book.files.to_pylist()}
    counts = ("lines", "accepted", "quarantined", "duplicates", "opted_out")
    assert [rows["visits.csv"][name] for name in counts] == [4, 2, 1, 1, 0]
    assert rows["unknown-1.csv"]["status"] == "rejected"
    assert [name for name, _ in book.rejected] == ["clinic/2025-06-01/unknown-1.csv"]
    for file in batch.files:
        assert context.vault.read_landed(file.sha256) == file.path.read_bytes()


def test_typed_rows_say_where_they_came_from(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    book = land(context, batch)
    parts = TypedRows(context.vault, [batch.id], book.files)("clinic", "visits")
    assert parts is not None
    row = next(iter(parts)).to_pylist()[1]
    assert row == {
        "visit": "v2",
        "day": dt.date(2025, 5, 2),
        "_row": 2,
        "_file": "visits.csv",
        "_batch": "2025-06-01",
        "_submitted_at": dt.datetime(2025, 6, 1),
        "_as_of": dt.date(2025, 6, 1),
        "_period_start": None,
        "_period_end": None,
        "_provider": None,
        "_kind": "full",
    }
    assert TypedRows(context.vault, [batch.id], book.files)("clinic", "letters") is None


def test_records_set_aside_are_in_the_vault_only_and_reasons_quote_nothing(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits="visit,day\nv1,31/02/SECRET\n,SECRET\n")
    book = land(context, batch)
    assert "SECRET" not in str(book.reasons.to_pylist())
    assert "SECRET" in str(context.vault.read("aside.clinic", batch.generation).to_pylist())
    for path in tmp_path.joinpath("home").rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes()


@pytest.mark.parametrize("point", ["file-landed", "batch-typed", "batch-read"])
def test_a_batch_that_was_interrupted_is_done_again_and_comes_to_the_same(
    context: RunContext, tmp_path: Path, point: str
) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    with pytest.raises(KilledError):
        land(replace(context, reached=kill(point)), batch)
    again = land(context, batch)
    assert again.files.drop(["landed_at"]).to_pylist()[0]["accepted"] == 2
    assert len(list((context.home.vault / "landed").iterdir())) == 1


def test_a_batch_with_a_book_is_not_read_again_unless_the_contract_changed(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    book = land(context, batch)
    deaf = replace(context, reached=kill("file-landed"))
    assert land(deaf, batch) == book
    with pytest.raises(KilledError):
        land(deaf, batch, replace(CLINIC, title="Another clinic"))


def test_a_batch_of_an_empty_archive_has_a_line_in_the_book(context: RunContext, tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "clinic" / "2025-06-01"
    folder.mkdir(parents=True)
    zipfile.ZipFile(folder / "june.zip", "w").close()
    book = land(context, read_inbox(tmp_path / "inbox", ["clinic"], []).batches[0])
    assert [(row["file"], row["status"], row["lines"]) for row in book.files.to_pylist()] == [
        ("archive-1.zip", "rejected", 0)
    ]
    assert [name for name, _ in book.rejected] == ["clinic/2025-06-01/archive-1.zip"]
    assert book.reasons["rule"].to_pylist() == ["empty-file"]


def test_a_file_that_changes_while_it_is_read_stops_the_run(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    batch.files[0].path.write_text(GOOD + "v9,2025-05-09\n")
    with pytest.raises(InputError) as caught:
        land(context, batch)
    assert caught.value.code == "inbox-changed"


def test_changes_may_point_at_what_earlier_batches_sent(context: RunContext, tmp_path: Path) -> None:
    parents = Parents(context, CLINIC)
    first = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    land_batch(context, CLINIC, first)
    parents.add(first.id)
    letters = "letter,visit\na,v1\nb,v7\n"
    change = land_batch(context, CLINIC, batch_of(tmp_path, "2025-06-02-delta", letters=letters), parents.values())
    assert [(row["row"], row["rule"]) for row in change.reasons.to_pylist()] == [(2, "orphan-row")]


def test_a_missing_typed_file_is_a_damaged_vault(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    parts = TypedRows(context.vault, [batch.id], land(context, batch).files)("clinic", "visits")
    context.vault.remove("typed.clinic.visits", batch.generation)
    assert parts is not None
    with pytest.raises(HomeError):
        list(parts)


def test_a_batch_keeps_what_was_submitted_of_the_files_that_were_accepted(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD, letters="day\n2025-05-01\n")
    land(context, batch)
    kept = context.vault.read("part.clinic", batch.generation).to_pylist()
    assert [(row["table"], row["_file"], row["_kind"]) for row in kept] == [("visits", "visits.csv", "full")]


def test_the_first_batch_settles_the_provider_of_a_source(context: RunContext, tmp_path: Path) -> None:
    sample = next((Path(__file__).parents[1] / "sources" / "samples" / "social_care").glob("*/cld.csv")).read_text()
    for day, code in (("2025-07-01", "999"), ("2025-10-01", "998"), ("2025-10-02", "999")):
        folder = tmp_path / "inbox" / "social_care" / day
        folder.mkdir(parents=True)
        (folder / "cld.csv").write_text(sample.replace("\n999,", f"\n{code},"))
    batches = read_inbox(tmp_path / "inbox", SPECS, []).batches
    books = land_batches(context, batches)
    assert [len(book.rejected) for book in books] == [0, 1, 0]
    assert set(books[1].reasons["rule"].to_pylist()) == {"another-provider"}
    ids = [batch.id for batch in batches]
    assert known_provider(context.vault, SPECS["social_care"], ids) == "999"
    assert known_provider(context.vault, SPECS["gp"], ids) is None


def published_with(context: RunContext, *batches: Batch) -> RunContext:
    version = Version(
        number=1,
        id="v000001-00000000",
        published_at=context.now,
        tables={},
        vault={},
        batches=tuple(batch.id for batch in batches),
        as_of={},
        models={},
        buckets=1,
        summary={},
    )
    return replace(context, published=version)


def submitted_at(context: RunContext, source: str, table: str, batch: Batch) -> set[dt.datetime]:
    return set(context.vault.read(f"typed.{source}.{table}", batch.generation)["_submitted_at"].to_pylist())


def test_a_corrected_batch_is_known_from_its_landing_not_from_its_folders_date(
    context: RunContext, tmp_path: Path
) -> None:
    """Else a feature as of the folder's date would use what came weeks later."""
    first = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    land(context, first)
    batch_of(tmp_path, "2025-06-01", visits=GOOD + "v9,2025-05-09\n")
    second = read_inbox(tmp_path / "inbox", ["clinic"], [first.id]).batches[0]
    later = published_with(context, first)
    land(later, second)
    assert submitted_at(context, "clinic", "visits", first) == {dt.datetime(2025, 6, 1)}
    assert submitted_at(context, "clinic", "visits", second) == {context.now}
    land(replace(later, now=dt.datetime(2026, 1, 1)), second)
    assert submitted_at(context, "clinic", "visits", second) == {context.now}


@pytest.mark.parametrize(
    ("created", "known"),
    [
        ("2025-07-02 04:30:00", dt.datetime(2026, 1, 1)),
        ("2025-07-01 05:10:00", dt.datetime(2026, 1, 1)),
        ("2025-07-09 05:10:00", dt.datetime(2025, 7, 9, 4, 10)),
    ],
    ids=["header sent again", "header set back", "header of its own"],
)
def test_a_correction_with_a_header_of_its_own_is_taken_at_its_word(
    context: RunContext, tmp_path: Path, created: str, known: dt.datetime
) -> None:
    spec = SPECS["mental_health"]
    samples = Path(__file__).parents[1] / "sources" / "samples" / "mental_health" / "2025-07-02"
    folder = tmp_path / "inbox" / "mental_health" / "2025-07-02"
    shutil.copytree(samples, folder)
    header = folder / "MHS000Header.csv"
    assert "2025-07-02 04:30:00" in header.read_text()
    first = read_inbox(tmp_path / "inbox", SPECS, []).batches[0]
    land(context, first, spec)
    header.write_text(header.read_text().replace("2025-07-02 04:30:00", created))
    (folder / "demographics.csv").unlink()
    second = read_inbox(tmp_path / "inbox", SPECS, [first.id]).batches[0]
    land(replace(published_with(context, first), now=dt.datetime(2026, 1, 1)), second, spec)
    assert submitted_at(context, "mental_health", "MHS001MPI", second) == {known}


def tables_of(context: RunContext, *, but: str = "") -> dict[str, object]:
    vault = context.vault
    found = {name: {one: vault.read(name, one) for one in vault.generations(name)} for name in vault.tables()}
    return {name: {one: rows.to_pylist() for one, rows in held.items()} for name, held in found.items() if name != but}


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reader, landed_files, records, reading):
        monkeypatch.setattr(module, "LARGE_BYTES", 1)


@pytest.mark.parametrize("source", ["gp", "mental_health", "social_care", "hospital"])
def test_a_large_batch_comes_to_what_a_small_one_does(
    context: RunContext, tmp_path: Path, source: str, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(SAMPLES / source, tmp_path / "inbox" / source)
    batches = read_inbox(tmp_path / "inbox", [source], []).batches
    land_batches(context, batches)
    request.getfixturevalue("everything_is_large")
    home = Home(tmp_path / "large")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    large = replace(context, home=home, vault=vault)
    land_batches(large, batches)
    assert tables_of(large) == tables_of(context)


@pytest.mark.usefixtures("everything_is_large")
def test_a_large_file_that_is_refused_at_its_end_leaves_no_rows(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD + 'v3,"2025', letters="letter,visit\nl1,v1\n")
    book = land(context, batch)
    assert book.files["status"].to_pylist() == ["accepted", "rejected"]
    assert not context.vault.exists("typed.clinic.visits", batch.generation)
    assert not list(context.home.vault.rglob(".*"))


@pytest.mark.usefixtures("everything_is_large")
def test_a_large_file_is_read_as_it_was_landed_and_refused_if_it_changed(context: RunContext, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "2025-06-01", visits=GOOD)
    path = batch.files[0].path
    assert path is not None
    path.write_text(GOOD + "v9,2025-05-09\n")
    with pytest.raises(InputError) as caught:
        land(context, batch)
    assert caught.value.code == "inbox-changed"
    assert not list((context.home.vault / "landed").iterdir())
    assert not (context.home.vault / "tables").exists()


def test_a_large_journal_lies_by_share_of_the_patients(
    context: RunContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "_ROWS_LAID_OUT", 100)
    folder = tmp_path / "inbox" / "gp" / "2025-06-01"
    folder.mkdir(parents=True)
    people = range(1, 61)
    (folder / "patients.csv").write_text("patient_id,nhs_number\n" + "".join(f"{one},\n" for one in people))
    rows = [f"{one},{44054000 + day},SNOMED CT,2025-05-{day:02}\n" for day in range(1, 6) for one in people]
    (folder / "journal.csv").write_text("patient_id,code,code_system,event_date\n" + "".join(rows))
    (batch,) = read_inbox(tmp_path / "inbox", ["gp"], []).batches
    land_batch(context, SPECS["gp"], batch)
    share = Share("patient_id", 5, 16)
    parts = list(context.vault.read_parts("typed.gp.journal", batch.generation, 1, share=share))
    whole = context.vault.read("typed.gp.journal", batch.generation)
    assert whole.num_rows == 300
    assert len(parts) == 3, "a row group of each hundred rows"
    assert sum(part.num_rows for part in parts) == share.select(whole).num_rows > 0
    assert all(share.select(part) == part for part in parts)
