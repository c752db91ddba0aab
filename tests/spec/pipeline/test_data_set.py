"""A data set is one batch of all its files; a folder that may not be read is not taken for empty."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from washhouse.core.errors import InputError
from washhouse.pipeline.data_set import MedsSet


def put(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"no parquet")


def test_all_parquet_files_but_those_about_the_set_are_one_batch(tmp_path: Path) -> None:
    put(tmp_path / "data/train/0.parquet", tmp_path / "data/1.parquet", tmp_path / "metadata/codes.parquet")
    put(tmp_path / "data/readme.txt")
    (batch,) = MedsSet(tmp_path).find([]).batches
    assert [file.name for file in batch.files] == ["data/1.parquet", "data/train/0.parquet"]
    assert MedsSet(tmp_path).find([batch.id]).batches == ()


def test_a_subfolder_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "data/train/0.parquet", tmp_path / "data/held_out/0.parquet")
    scan = os.scandir

    def refusing(folder: str) -> Iterator[os.DirEntry[str]]:
        if str(folder).endswith("held_out"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr("os.scandir", refusing)
    with pytest.raises(InputError, match="Permission denied") as caught:
        MedsSet(tmp_path).find([])
    assert caught.value.code == "inbox-unreadable"


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "0.parquet")
    real: Callable[..., object] = Path.open

    def refusing(path: Path, *how: object, **more: object) -> object:
        if path.suffix == ".parquet":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *how, **more)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(InputError) as caught:
        MedsSet(tmp_path).find([])
    assert caught.value.code == "inbox-unreadable"


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_there_is_said_plainly(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        MedsSet(tmp_path / name).find([])
    assert caught.value.code == "meds-not-found"
