"""Pages are of the version that is current: it is built once, and anew when it was published anew."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from washhouse.cli import serve
from washhouse.core.errors import HomeError
from washhouse.core.home import Home, PatientRecord
from washhouse.lake.pointer import Version, publish

FIRST = Version(1, "v000001-aaaa", dt.datetime(2025, 7, 1), {"event": 0}, {"identity": "g1"}, (), {}, {}, 2)


def test_an_id_that_is_published_again_with_other_tables_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going back to an older version and running again makes the same id."""
    monkeypatch.setattr(serve, "read_index", lambda vault, generations: object())
    nothing: Any = None
    versions = serve.PublishedVersions(Home(tmp_path), nothing, nothing, PatientRecord(), patience_seconds=60)
    assert versions() is None
    publish(Home(tmp_path), FIRST)
    first = versions()
    assert versions() is first
    publish(Home(tmp_path), replace(FIRST, tables={"event": 4}, published_at=dt.datetime(2025, 7, 2)))
    second = versions()
    assert second is not None and second is not first
    assert second.published_at == dt.datetime(2025, 7, 2)


def test_pages_go_on_with_the_version_before_until_a_new_one_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    may_end.set()

    def read_slowly(vault: Any, generations: Any) -> object:
        assert may_end.wait(60)
        return object()

    monkeypatch.setattr(serve, "read_index", read_slowly)
    nothing: Any = None
    versions = serve.PublishedVersions(Home(tmp_path), nothing, nothing, PatientRecord(), patience_seconds=0.01)
    publish(Home(tmp_path), FIRST)
    first = versions()
    assert first is not None, "nothing else to show: it is waited for"
    may_end.clear()
    publish(Home(tmp_path), replace(FIRST, id="v000002-bbbb"))
    assert versions() is first and versions() is first
    may_end.set()
    end = time.monotonic() + 60
    while versions() is first and time.monotonic() < end:
        time.sleep(0.01)
    second = versions()
    assert second is not None and second.id == "v000002-bbbb"


def test_a_version_that_could_not_be_read_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    versions = serve.PublishedVersions(Home(tmp_path), nothing, nothing, PatientRecord())
    publish(Home(tmp_path), replace(FIRST, vault={}))
    with pytest.raises(HomeError, match="names no identities"):
        versions()
    monkeypatch.setattr(serve, "read_index", lambda vault, generations: object())
    assert versions() is not None
