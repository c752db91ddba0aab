"""What an inbox holds: batches in order, those landed before left out, what cannot be placed named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from washhouse.core.errors import InputError
from washhouse.pipeline.inbox import read_inbox

SOURCES = ("gp", "hospital")


def put(root: Path, *files: str, text: str = "a\n1\n") -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)


def test_batches_come_in_order_of_declared_date(tmp_path: Path) -> None:
    put(tmp_path, "hospital/2025-05-01/ecds.csv", "gp/2025-06-01/patients.csv", "hospital/2025-04-01/ecds.csv")
    found = read_inbox(tmp_path, SOURCES, [])
    assert [(batch.source, batch.name) for batch in found.batches] == [
        ("hospital", "2025-04-01"),
        ("hospital", "2025-05-01"),
        ("gp", "2025-06-01"),
    ]


def test_a_folder_named_extracts_inside_the_inbox_is_the_inbox(tmp_path: Path) -> None:
    put(tmp_path, "extracts/gp/2025-06-01/patients.csv", "sealed/people.parquet")
    assert [batch.source for batch in read_inbox(tmp_path, SOURCES, []).batches] == ["gp"]
    assert read_inbox(tmp_path / "extracts", SOURCES, []) == read_inbox(tmp_path, SOURCES, [])


def test_a_batch_landed_before_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "gp/2025-06-01/patients.csv", "gp/2025-07-01/patients.csv")
    landed = [read_inbox(tmp_path, SOURCES, []).batches[0].id]
    again = read_inbox(tmp_path, SOURCES, landed)
    assert [batch.name for batch in again.batches] == ["2025-07-01"]
    assert again.landed == 1


def test_the_same_bytes_under_another_name_are_a_batch_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "gp/2025-06-01/patients.csv", "gp/2025-07-01/patients.csv")
    ids = [batch.id for batch in read_inbox(tmp_path, SOURCES, []).batches]
    assert len(set(ids)) == 2


def test_other_bytes_under_the_same_name_are_a_further_submission(tmp_path: Path) -> None:
    put(tmp_path, "gp/2025-06-01/patients.csv")
    first = read_inbox(tmp_path, SOURCES, []).batches[0]
    put(tmp_path, "gp/2025-06-01/patients.csv", text="a\n2\n")
    second = read_inbox(tmp_path, SOURCES, [first.id]).batches[0]
    assert (first.label, second.label) == ("2025-06-01", "2025-06-01~02")
    put(tmp_path, "gp/2025-06-01/more.csv")
    third = read_inbox(tmp_path, SOURCES, [first.id, second.id]).batches[0]
    assert third.label == "2025-06-01~03"
    assert read_inbox(tmp_path, SOURCES, [first.id, second.id, third.id]).batches == ()


def test_going_back_to_an_earlier_content_is_a_further_submission(tmp_path: Path) -> None:
    landed: list[str] = []
    for text in ("a\n1\n", "a\n2\n", "a\n1\n"):
        put(tmp_path, "gp/2025-06-01/patients.csv", text=text)
        landed += [batch.id for batch in read_inbox(tmp_path, SOURCES, landed).batches]
    assert [one.partition("@")[0] for one in landed] == ["gp/2025-06-01", "gp/2025-06-01~02", "gp/2025-06-01~03"]
    assert read_inbox(tmp_path, SOURCES, landed).batches == ()


@pytest.mark.parametrize("name", ["2025-07-0112", "2025-7-01", "20250701", "2025-07-01~02", "2025-07-01 new"])
def test_a_name_that_the_reader_would_refuse_is_no_batch(tmp_path: Path, name: str) -> None:
    put(tmp_path, "gp/2025-06-01-resent/patients.csv", f"gp/{name}/patients.csv")
    found = read_inbox(tmp_path, SOURCES, [])
    assert [batch.name for batch in found.batches] == ["2025-06-01-resent"]
    assert found.misnamed == (f"gp/{name}",)


def test_what_cannot_be_placed_is_named(tmp_path: Path) -> None:
    put(tmp_path, "gp/2025-06-01/patients.csv", "gp/june/patients.csv", "gp/2025-13-01/patients.csv")
    put(tmp_path, "gp/Ann Smith.csv")
    put(tmp_path, "dentist/2025-06-01/teeth.csv", "readme.txt", ".hidden/2025-06-01/x.csv", "gp/2025-06-01/.lock")
    found = read_inbox(tmp_path, SOURCES, [])
    assert found.unknown_sources == ("dentist",)
    assert found.misnamed == ("gp/2025-13-01", "gp/loose-1.csv", "gp/june")
    assert found.stray == ("loose-2.txt",)
    assert [file.name for file in found.batches[0].files] == ["patients.csv"]


@pytest.mark.parametrize(("files", "code"), [(None, "inbox-missing"), ([], "inbox-empty"), (["x/y/z"], "inbox-empty")])
def test_nothing_to_read_is_said_plainly(tmp_path: Path, files: list[str] | None, code: str) -> None:
    inbox = tmp_path / "inbox"
    if files is not None:
        inbox.mkdir()
        put(inbox, *files)
    with pytest.raises(InputError) as caught:
        read_inbox(inbox, SOURCES, [])
    assert caught.value.code == code
    assert caught.value.hint


def test_an_inbox_emptied_after_landing_has_nothing_new(tmp_path: Path) -> None:
    (tmp_path / "gp").mkdir()
    assert read_inbox(tmp_path, SOURCES, ["gp/2025-06-01@0123456789ab"]).batches == ()


def test_a_folder_that_may_not_be_read_is_not_taken_for_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "gp/2025-06-01/patients.csv")

    def walk(folder: Path, onerror: Callable[[OSError], None]) -> None:
        onerror(PermissionError(13, "Permission denied", str(folder)))

    monkeypatch.setattr("os.walk", walk)
    with pytest.raises(InputError, match="Permission denied") as caught:
        read_inbox(tmp_path, SOURCES, [])
    assert caught.value.code == "inbox-unreadable"
