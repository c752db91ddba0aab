"""Which batches lie in an inbox, and which of them were never landed?

    INBOX/<source>/<batch>/<file>

A batch's name begins with its declared date. A batch is known by source, name, file names and bytes: what its latest
submission held is skipped; the same name with other files or bytes is a further submission of it, labelled `NAME~02`,
`NAME~03`, also where it goes back to what an earlier one held.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NoReturn

from washhouse.core.errors import InputError
from washhouse.sources.file_names import Labels
from washhouse.sources.reader import declared_date

_BATCH_NAME = re.compile(r"[A-Za-z0-9._-]+")
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class InboxFile:
    """One file of a batch: its name inside the batch's folder, where it lies, its bytes' digest and number.

    Without a path it is the landed file of that digest.
    """

    name: str
    path: Path | None
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Batch:
    """One batch as it lies in an inbox.

    Attributes:
        source: Sending system.
        name: Name of its folder.
        declared: Date that the name begins with.
        files: Its files, by name.
        label: `name`, or `name~02` and so on for a further submission under the same name.
        contract: Digest of the declaration by which it is read; empty for a built-in source.
        replaces: Id of the same batch as it was read before by another declaration.
    """

    source: str
    name: str
    declared: date
    files: tuple[InboxFile, ...]
    label: str = ""
    contract: str = ""
    replaces: str = ""

    @property
    def is_further(self) -> bool:
        """Whether the batch was submitted before under the same name."""
        return bool(self.label) and self.label != self.name

    @property
    def digest(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of all file names and their bytes' digests."""
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256(os.fsencode(lines)).hexdigest()[:12]

    @property
    def generation(self) -> str:
        """Name of the batch's state in the vault's tables."""
        read_by = f".{self.contract}" if self.contract else ""
        return f"{self.label or self.name}@{contents_of(self.replaces) or self.digest}{read_by}"

    @property
    def id(self) -> str:
        """Name of the batch in a version: source, label, digest, and that of its declaration if it has one."""
        return f"{self.source}/{self.generation}"


def contents_of(batch_id: str) -> str:
    """The digest of a batch's files, from its id.

    >>> contents_of("gp/2025-07-01~02@0123456789ab"), contents_of("clinic/2025-07-01@0123456789ab.feedc0de")
    ('0123456789ab', '0123456789ab')
    """
    return batch_id.rpartition("@")[2].partition(".")[0]


def contract_of(batch_id: str) -> str:
    """The digest of the declaration by which a batch was read, from its id; empty for a built-in source.

    >>> contract_of("clinic/2025-07-01@0123456789ab.feedc0de")
    'feedc0de'
    """
    return batch_id.rpartition("@")[2].partition(".")[2]


@dataclass(frozen=True)
class Inbox:
    """What an inbox holds.

    Attributes:
        batches: Batches to land, in order of declared date.
        landed: Number of batches that were landed before.
        unknown_sources: Folders that no source contract answers to.
        misnamed: Batches whose name does not begin with a date, and a source's loose files, as `source/batch`; files
            by a label, as a file may be named after a person.
        stray: Labels of files beside the sources' folders.
    """

    batches: tuple[Batch, ...]
    landed: int = 0
    unknown_sources: tuple[str, ...] = ()
    misnamed: tuple[str, ...] = ()
    stray: tuple[str, ...] = field(default=())


def read_inbox(inbox: Path, sources: Collection[str], landed: Iterable[str]) -> Inbox:
    """Find the batches of an inbox that were not landed yet.

    Args:
        inbox: Folder of source folders, or a folder that holds such a folder named `extracts`.
        sources: Names of the sources that have a contract.
        landed: Ids of the batches that are known, in the order of landing.

    Returns:
        The batches to land and what could not be placed.

    Raises:
        InputError: `inbox-missing`: there is no such folder. `inbox-empty`: it holds no batch of a known source, and
            nothing was landed before. `inbox-unreadable`: the system will not let it be read.
    """
    try:
        return _find_batches(inbox, sources, list(landed))
    except OSError as error:
        raise unreadable(error) from error


def unreadable(error: OSError) -> InputError:
    """Say that the system will not let something be read that was handed in."""
    return InputError(
        "inbox-unreadable",
        f"What was handed in cannot be read: {error.strerror or type(error).__name__}.",
        "Check that whoever runs washhouse may read every folder and file of it.",
    )


def _find_batches(inbox: Path, sources: Collection[str], landed: Collection[str]) -> Inbox:
    if not inbox.is_dir():
        raise InputError("inbox-missing", f"There is no folder {inbox.name!r} to read.", "Check --inbox.")
    root = inbox / "extracts" if (inbox / "extracts").is_dir() else inbox
    unknown: list[str] = []
    misnamed: list[str] = []
    stray: list[str] = []
    found: list[Batch] = []
    loose = Labels(())
    for folder in _visible(root):
        if not folder.is_dir():
            stray.append(loose.label(folder.name, "loose"))
        elif folder.name not in sources:
            unknown.append(folder.name)
        else:
            for entry in _visible(folder):
                batch = _read_batch_folder(folder.name, entry)
                if batch is None:
                    name = entry.name if entry.is_dir() else loose.label(entry.name, "loose")
                    misnamed.append(f"{folder.name}/{name}")
                elif batch.files:
                    found.append(batch)
    if not found and not landed:
        raise InputError(
            "inbox-empty",
            "The inbox holds no batch of a known source.",
            f"Expected INBOX/<source>/<YYYY-MM-DD...>/<file> with one of the sources {', '.join(sorted(sources))}.",
        )
    fresh = label_batches(found, landed)
    return Inbox(fresh, len(found) - len(fresh), tuple(unknown), tuple(misnamed), tuple(stray))


def label_batches(found: Iterable[Batch], landed: Iterable[str]) -> tuple[Batch, ...]:
    """Leave out batches landed before and label those that reuse a name.

    Args:
        found: Batches of an inbox.
        landed: Ids of the batches of the published version, in the order of landing.

    Returns:
        Batches to land, in order of declared date.
    """
    latest: dict[tuple[str, str], str] = {}
    submissions: dict[tuple[str, str], int] = {}
    for batch_id in landed:
        source, _, generation = batch_id.partition("/")
        name = generation.rpartition("@")[0].partition("~")[0]
        latest[source, name] = contents_of(batch_id)
        submissions[source, name] = submissions.get((source, name), 0) + 1
    fresh: list[Batch] = []
    for batch in sorted(found, key=lambda batch: (batch.declared, batch.source, batch.name)):
        if latest.get((batch.source, batch.name)) == batch.digest:
            continue
        earlier = submissions.get((batch.source, batch.name), 0)
        label = batch.name if not earlier else f"{batch.name}~{earlier + 1:02}"
        fresh.append(replace(batch, label=label))
    return tuple(fresh)


def describe_file(name: str, path: Path) -> InboxFile:
    """Digest a file without holding it in memory.

    Raises:
        OSError: It may not be read, or is no file: a link that leads nowhere, or a pipe, which would be waited for.
    """
    if not path.is_file():
        raise OSError(errno.ENOENT, "it holds something that is no file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return InboxFile(name, path, digest.hexdigest(), path.stat().st_size)


def _read_batch_folder(source: str, folder: Path) -> Batch | None:
    if _BATCH_NAME.fullmatch(folder.name) is None or not folder.is_dir():
        return None
    try:
        declared = declared_date(folder.name)
    except InputError:
        return None
    files = tuple(
        describe_file(path.relative_to(folder).as_posix(), path)
        for path in sorted(_files_below(folder))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return Batch(source, folder.name, declared, files)


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file, links and all; a folder that cannot be read is an error, not empty."""
    for root, _, names in os.walk(folder, onerror=_raise):
        yield from (Path(root, name) for name in names)


def _raise(error: OSError) -> NoReturn:
    raise error


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
