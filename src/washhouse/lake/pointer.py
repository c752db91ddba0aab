"""Which version of the home is published?

`HOME/CURRENT` names a file in `HOME/versions/`; that file lists the Delta version of every record table and the
generation of every vault table. Publishing writes the list, then swaps the pointer in one rename: a reader sees the old
version or the new one, whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from washhouse.core.errors import HomeError
from washhouse.core.home import Home
from washhouse.lake.disk import write_atomically


@dataclass(frozen=True)
class Version:
    """One version of everything a home holds.

    Attributes:
        number: 1 for the first published, then counting up.
        id: Name of the version, e.g. `"v000001-3f2a9c01"`.
        published_at: When, naive UTC.
        tables: Delta version of each record table.
        vault: Generation of each vault table that is not kept by batch.
        batches: Ids of the batches that the version is made of, in the order they were landed.
        as_of: Newest declared date of each source.
        models: Version of each model that scored.
        buckets: Number of person buckets.
        summary: Figures of the run that pages show; JSON values, no identifiers.
    """

    number: int
    id: str
    published_at: datetime
    tables: dict[str, int]
    vault: dict[str, str]
    batches: tuple[str, ...]
    as_of: dict[str, date]
    models: dict[str, str]
    buckets: int
    summary: dict[str, Any] = field(default_factory=dict)


def read_current(home: Home) -> Version | None:
    """The published version, None if nothing was published yet.

    Raises:
        HomeError: `pointer-broken`: the pointer or the version it names cannot be read.
    """
    try:
        name = home.current.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return read_version(_folder(home) / f"{name}.json")


def pointer_stamp(home: Home) -> tuple[int, int] | None:
    """What changes whenever a version is published; None before the first. Much cheaper than reading the version."""
    try:
        found = home.current.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def publish(home: Home, version: Version, prepared: Callable[[], None] | None = None) -> None:
    """Make a version the published one, in one atomic step, on the disk when this returns.

    Args:
        home: The home; the caller holds its lock.
        version: The version; everything it names is written.
        prepared: Called between writing the list and swapping the pointer.
    """
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("v*.json"):
        # Left by a run that died between the two steps below: never pointed at.
        if path.name >= f"v{version.number:06}":
            path.unlink()
    write_atomically(version_file(home, version), version_text(version))
    if prepared is not None:
        prepared()
    write_atomically(home.current, f"{version.id}\n".encode())


def history(home: Home) -> list[Version]:
    """Versions that were published and not pruned, oldest first."""
    current = read_current(home)
    if current is None:
        return []
    versions = []
    for path in sorted(_folder(home).glob("v*.json")):
        try:
            versions.append(read_version(path))
        except HomeError:
            if path.exists():  # else a run that goes on has just forgotten it
                raise
    return [version for version in versions if version.number < current.number] + [current]


def forget(home: Home, version: Version) -> None:
    """Remove an old version's list, after which its files may be pruned."""
    version_file(home, version).unlink(missing_ok=True)


def version_file(home: Home, version: Version) -> Path:
    """The file that lists what a version is made of."""
    return _folder(home) / f"{version.id}.json"


def version_text(version: Version) -> bytes:
    """What such a file says."""
    return json.dumps(asdict(version), default=_plain, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _folder(home: Home) -> Path:
    return home.root / "versions"


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def read_version(path: Path) -> Version:
    """Read what a version is made of.

    Raises:
        HomeError: `pointer-broken`.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Version(
            number=int(raw["number"]),
            id=str(raw["id"]),
            published_at=datetime.fromisoformat(raw["published_at"]),
            tables={name: int(version) for name, version in raw["tables"].items()},
            vault=dict(raw["vault"]),
            batches=tuple(raw["batches"]),
            as_of={source: date.fromisoformat(day) for source, day in raw["as_of"].items()},
            models=dict(raw["models"]),
            buckets=int(raw["buckets"]),
            summary=dict(raw["summary"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HomeError(
            "pointer-broken",
            "The pointer or the version it names cannot be read.",
            "Restore CURRENT and the folder versions from a backup.",
        ) from error
