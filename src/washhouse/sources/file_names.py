"""Under which name is a received file spoken of, where its own may tell of a person?

A file that is named as a table of its source keeps its name. Any other (`Ann Smith.csv`) is called by a label; what it
held and was called as received stays in the vault and the inbox, and the digest of its bytes tells which it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from washhouse.sources.contract import SourceSpec, plain

_ENDINGS = """
csv txt tsv psv dat zip gz 7z parquet ndjson jsonl xlsx xls ods doc docx rtf pdf html xml json md log eml msg png jpg
"""
ENDINGS = frozenset(f".{ending}" for ending in _ENDINGS.split())
"""Endings that a label keeps."""

MOST_DIGITS = 8
"""Digits behind a table's name that a name keeps: a number or a date, and no NHS number."""


class Labels:
    """Names files of one batch; the same files in the same order get the same names.

    Args:
        known: Names that files have and that say nothing of a person, with or without a number behind them.
        folders: Such names of folders.

    >>> labels = Labels(["patients"])
    >>> [labels.label(name) for name in ("Patients_20250701.csv", "Ann Smith.csv", "Smith/patients.csv", "ann.smith")]
    ['Patients_20250701.csv', 'unknown-1.csv', 'folder-1/patients.csv', 'unknown-2']
    """

    def __init__(self, known: Iterable[str], folders: Iterable[str] = ()) -> None:
        self._known = frozenset(plain(name) for name in known)
        self._known_folders = frozenset(folders)
        self._used: Counter[str] = Counter()
        self._folders: dict[str, str] = {}

    def label(self, name: str, kind: str = "unknown") -> str:
        """Return the name under which a file is spoken of.

        Args:
            name: Its name as received, with the folders that it lies in.
            kind: Word for a file whose own name is not kept.
        """
        path = PurePosixPath(name)
        ending = path.suffix.casefold() if path.suffix.casefold() in ENDINGS else ""
        if ending == path.suffix.casefold() and path.name.isprintable() and self._is_known(plain(path.stem)):
            own = path.name
        else:
            self._used[kind] += 1
            own = f"{kind}-{self._used[kind]}{ending}"
        folder = path.parent.as_posix()
        if folder != "." and not self._known_folders.issuperset(path.parent.parts):
            folder = self._folders.setdefault(folder, f"folder-{len(self._folders) + 1}")
        return own if folder == "." else f"{folder}/{own}"

    def _is_known(self, stem: str) -> bool:
        without = re.sub(rf"[0-9]{{1,{MOST_DIGITS}}}$", "", stem)
        return stem in self._known or (without in self._known and not without[-1:].isdigit())


def labels_of(spec: SourceSpec) -> Labels:
    """Return labels for the files of a source's batch."""
    folders = [table.name for table in spec.tables] if spec.in_parts else []
    return Labels((name for table in spec.tables for name in (table.name, *table.aliases)), folders)
