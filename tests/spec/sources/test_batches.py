"""What makes a batch: its tables, its header, its parents, its archive, and its resubmission."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.sources.reader import declared_date, parents_needed, read_batch
from washhouse.sources.registry import SPECS
from washhouse.sources.result import BatchResult

Load = Callable[[str, str], dict[str, bytes]]

SAMPLES = Path(__file__).parent / "samples"
CARE = SPECS["mental_health"]
MONTH = ("mental_health", "2025-07-02")
NIGHT = ("mental_health", "2025-07-04-delta")
HEADER = "MHS000Header.csv"
REFERRALS = "MHS101Referral.csv"


def refusals(result: BatchResult) -> dict[str, str]:
    """Rule by refused file."""
    return {name: file.issues.to_pylist()[0]["rule"] for name, file in result.files.items() if file.rejected}


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_packed_files_say_what_unpacked_ones_say(sample: Load) -> None:
    files = sample(*MONTH)
    packed = read_batch(CARE, {f"{name}.gz": gzip.compress(data) for name, data in files.items()}, "2025-07-02")
    plainly = read_batch(CARE, files, "2025-07-02")
    assert {name.removesuffix(".gz"): (file.lines, file.accepted) for name, file in packed.files.items()} == {
        name: (file.lines, file.accepted) for name, file in plainly.files.items()
    }
    bomb = files | {"MHS502WardStay.csv.gz": gzip.compress(b"\n" * 1_000_000)}
    del bomb["MHS502WardStay.csv"]
    assert refusals(read_batch(CARE, bomb, "2025-07-02")) == {"MHS502WardStay.csv.gz": "unsafe-archive"}


def test_a_wrong_version_refuses_the_batch(sample: Load) -> None:
    files = sample(*MONTH)
    lines = {name: file.lines for name, file in read_batch(CARE, files, "2025-07-02").files.items()}
    files[HEADER] = files[HEADER].replace(b"6.0", b"5.0")
    result = read_batch(CARE, files, "2025-07-02")

    assert refusals(result) == dict.fromkeys(files, "wrong-version")
    assert result.tables == {}
    assert {name: file.quarantined for name, file in result.files.items()} == lines
    assert "5.0" not in result.reason and "6.0" in result.reason


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda data: data + data.splitlines()[1].replace(b"RW9", b"RW8") + b"\n", id="two rows"),
        pytest.param(lambda data: data.splitlines(keepends=True)[0], id="no row"),
        pytest.param(lambda data: data.replace(b"2025-06-01", b"2025-06-31"), id="impossible period"),
        pytest.param(lambda data: data.replace(b"RW9", b""), id="no provider"),
    ],
)
def test_a_bad_header_refuses_the_batch(sample: Load, header: Callable[[bytes], bytes]) -> None:
    files = sample(*MONTH)
    files[HEADER] = header(files[HEADER])
    result = read_batch(CARE, files, "2025-07-02")

    assert refusals(result) == dict.fromkeys(files, "bad-header-table")
    assert (result.tables, result.as_of) == ({}, date(2025, 7, 2))


def test_a_header_from_far_after_its_folder_refuses_the_batch(sample: Load) -> None:
    files = sample(*MONTH)
    good = files[HEADER]
    files[HEADER] = good.replace(b"2025-07-02 04:30", b"2062-07-02 04:30")
    result = read_batch(CARE, files, "2025-07-02")
    assert refusals(result) == dict.fromkeys(files, "header-after-folder")
    assert (result.tables, result.as_of) == ({}, date(2025, 7, 2))

    files[HEADER] = good.replace(b"2025-07-02 04:30", b"2025-08-02 04:30")
    assert refusals(read_batch(CARE, files, "2025-07-02")) == {}


def test_another_provider_is_refused(sample: Load) -> None:
    files = sample(*MONTH)
    assert refusals(read_batch(CARE, files, "2025-07-02", provider="RW9")) == {}
    refused = read_batch(CARE, files, "2025-07-02", provider="RX1")
    assert refusals(refused) == dict.fromkeys(files, "another-provider")
    assert refused.tables == {}


def test_a_council_file_has_the_rows_of_one_known_council(sample: Load) -> None:
    council = SPECS["social_care"]
    batch = next(path.name for path in (SAMPLES / "social_care").iterdir())
    files = sample("social_care", batch)
    name = next(iter(files))
    known = read_batch(council, files, batch).provider
    assert known is not None
    assert refusals(read_batch(council, files, batch, provider=known)) == {}
    assert refusals(read_batch(council, files, batch, provider="000")) == {name: "another-provider"}
    head, first, rest = files[name].split(b"\n", 2)
    mixed = {name: b"\n".join((head, first, first.replace(known.encode(), b"998", 1), rest))}
    assert refusals(read_batch(council, mixed, batch)) == {name: "another-provider"}


@pytest.mark.parametrize(
    ("source", "batch", "file"),
    [(*MONTH, HEADER), (*MONTH, "MHS001MPI.csv"), (*MONTH, REFERRALS), ("gp", "2025-07-14", "patients.csv")],
)
def test_a_missing_table_refuses_the_batch(sample: Load, source: str, batch: str, file: str) -> None:
    files = sample(source, batch)
    del files[file]
    result = read_batch(SPECS[source], files, batch)

    assert refusals(result) == dict.fromkeys(files, "missing-table")
    assert file.removesuffix(".csv") in result.reason


def test_a_batch_of_changes_needs_its_header_only(sample: Load) -> None:
    files = sample(*NIGHT)
    assert refusals(read_batch(CARE, files, "2025-07-04-delta")) == {}
    del files[HEADER]
    assert refusals(read_batch(CARE, files, "2025-07-04-delta")) == {"MHS201CareContact.csv": "missing-table"}


def test_an_unknown_file_is_refused_and_its_lines_counted(sample: Load) -> None:
    files = {**sample(*MONTH), "notes.csv": b"a,b\n1,2\n3,4\n", "MHS101Referral.xlsx": b"PK\x03\x04"}
    result = read_batch(CARE, files, "2025-07-02")

    assert refusals(result) == {"unknown-1.csv": "unknown-file", "MHS101Referral.xlsx": "unknown-file"}
    notes = result.files["unknown-1.csv"]
    assert (notes.table, notes.lines, notes.quarantined) == (None, 2, 2)
    assert result.tables["MHS101Referral"].accepted == 4


def test_file_names_are_matched_as_headers_are(sample: Load) -> None:
    files = sample(*MONTH)
    files["mhs101referral_20250630.TXT"] = files.pop(REFERRALS)
    files["MHS201.csv"] = files.pop("MHS201CareContact.csv")
    result = read_batch(CARE, files, "2025-07-02")

    assert refusals(result) == {}
    assert (result.tables["MHS101Referral"].accepted, result.tables["MHS201CareContact"].accepted) == (4, 5)


def test_a_table_sent_twice_is_read_once(sample: Load) -> None:
    files = sample(*MONTH)
    files["MHS101Referral_2.csv"] = files[REFERRALS]
    assert refusals(read_batch(CARE, files, "2025-07-02")) == {"MHS101Referral_2.csv": "repeated-table"}


def test_parents_are_found_in_earlier_batches(sample: Load) -> None:
    files = sample(*NIGHT)
    needed = ("MHS101Referral", "ServiceRequestID")
    assert needed in parents_needed(CARE)

    def contacts(known: dict[tuple[str, str], pa.Array] | None) -> tuple[int, int]:
        read = read_batch(CARE, files, "2025-07-04-delta", known_parents=known).files["MHS201CareContact.csv"]
        return read.accepted, read.quarantined

    assert contacts(None) == (1, 0), "changes alone do not repeat the referral"
    assert contacts({needed: pa.array(["R3"])}) == (1, 0)
    assert contacts({needed: pa.array(["R1", "R2"])}) == (0, 1)


def test_an_archive_is_read_as_its_files(sample: Load) -> None:
    files = sample(*MONTH)
    loose = read_batch(CARE, files, "2025-07-02")
    packed = read_batch(CARE, {"june.zip": zipped({f"out/{name}": data for name, data in files.items()})}, "2025-07-02")

    assert set(packed.files) == {f"archive-1.zip/{name}" for name in files}
    assert {name: table.rows for name, table in packed.tables.items()} == {
        name: table.rows for name, table in loose.tables.items()
    }


def test_a_file_named_after_a_person_is_spoken_of_by_a_label(sample: Load) -> None:
    files = {
        **sample(*MONTH),
        "Ann Smith.csv": b"a\n",
        "9434765919.smith": b"a\n",
        "Ann Smith.zip": zipped({"Ann Smith.csv": b"a\n", "MHS101Referral_9434765919.csv": b"a\n"}),
        "Ann Smith/MHS101Referral.csv": b"a\n",
    }
    result = read_batch(CARE, files, "2025-07-02")
    assert set(result.files) - set(sample(*MONTH)) == {
        "unknown-1",
        "unknown-2.csv",
        "archive-1.zip/unknown-3.csv",
        "archive-1.zip/unknown-4.csv",
        "folder-1/MHS101Referral.csv",
    }
    assert "Smith" not in repr(result) and "9434765919" not in repr(result)
    assert result.origins["unknown-2.csv"] == "Ann Smith.csv"
    assert result.origins["archive-1.zip/unknown-3.csv"] == "Ann Smith.zip"


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(zipped({"../MHS101Referral.csv": b"a\n"}), id="out of its folder"),
        pytest.param(zipped({"/MHS101Referral.csv": b"a\n"}), id="absolute"),
        pytest.param(zipped({"C:\\MHS101Referral.csv": b"a\n"}), id="drive"),
        pytest.param(zipped({"MHS101Referral.csv": b"0" * 50_000_000}), id="bomb"),
        pytest.param(zipped({"inner.zip": zipped({"a.csv": b"a\n"})}), id="nested"),
        pytest.param(zipped({"a/x.csv": b"a\n", "b/x.csv": b"a\n"}), id="same name"),
        pytest.param(zipped({f"{n}.csv": b"a\n" for n in range(300)}), id="too many"),
        pytest.param(zipped({"MHS101Referral.csv": b"abc,def\n" * 99})[:-30], id="cut"),
        pytest.param(b"no archive", id="no archive"),
    ],
)
def test_an_unsafe_archive_is_not_opened(sample: Load, archive: bytes) -> None:
    result = read_batch(CARE, {**sample(*MONTH), "more.zip": archive}, "2025-07-02")
    assert refusals(result) == {"archive-1.zip": "unsafe-archive"}
    assert result.tables["MHS101Referral"].accepted == 4


def test_an_archive_that_holds_no_file_is_refused(sample: Load) -> None:
    result = read_batch(CARE, {**sample(*MONTH), "more.zip": zipped({})}, "2025-07-02")
    assert refusals(result) == {"archive-1.zip": "empty-file"}


def test_a_month_sent_again_is_read_again(sample: Load) -> None:
    """Resubmitted rows are no duplicates; which of the two counts, delivery decides."""
    files = sample(*MONTH)
    first = read_batch(CARE, files, "2025-07-02")
    files[HEADER] = files[HEADER].replace(b"2025-07-02 04:30:00", b"2025-07-20 09:00:00")
    again = read_batch(CARE, files, "2025-07-20")

    assert {name: table.rows for name, table in again.tables.items() if name != "MHS000Header"} == {
        name: table.rows for name, table in first.tables.items() if name != "MHS000Header"
    }
    assert sum(file.duplicates for file in again.files.values()) == 0
    assert again.submitted_at == datetime(2025, 7, 20, 8)
    assert (again.period_start, again.period_end) == (first.period_start, first.period_end)


def test_files_are_taken_one_at_a_time(sample: Load) -> None:
    taken: list[str] = []

    class Lazy(dict[str, bytes]):
        def __getitem__(self, name: str) -> bytes:
            taken.append(name)
            return super().__getitem__(name)

    read_batch(CARE, Lazy(sample(*MONTH)), "2025-07-02")
    assert sorted(taken) == sorted(sample(*MONTH))
    assert taken.index("MHS001MPI.csv") < taken.index(REFERRALS) < taken.index("MHS201CareContact.csv")


@pytest.mark.parametrize("batch", ["july", "2025-13-01", "20250714", "2025-07-141"])
def test_a_batch_needs_a_date(batch: str) -> None:
    with pytest.raises(InputError, match="must begin with the date"):
        declared_date(batch)
