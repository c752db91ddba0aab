"""Pages are of the version that is current: it is built once, and anew when it was published anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from washhouse.cli import serve
from washhouse.core.home import Home, PatientRecord
from washhouse.lake.pointer import Version, publish

FIRST = Version(1, "v000001-aaaa", dt.datetime(2025, 7, 1), {"event": 0}, {"identity": "g1"}, (), {}, {}, 2)


def test_an_id_that_is_published_again_with_other_tables_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going back to an older version and running again makes the same id."""
    monkeypatch.setattr(serve, "read_index", lambda vault, generations: object())
    nothing: Any = None
    versions = serve.PublishedVersions(Home(tmp_path), nothing, nothing, PatientRecord())
    assert versions() is None
    publish(Home(tmp_path), FIRST)
    first = versions()
    assert versions() is first
    publish(Home(tmp_path), replace(FIRST, tables={"event": 4}, published_at=dt.datetime(2025, 7, 2)))
    second = versions()
    assert second is not None and second is not first
    assert second.published_at == dt.datetime(2025, 7, 2)
