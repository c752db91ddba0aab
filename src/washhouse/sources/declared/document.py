"""Where in a declaration's text does a key stand, and what is wrong with it? So that an error names line and key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from washhouse.core.errors import InputError

_SECTION = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


@dataclass(frozen=True)
class Document:
    """A declaration's text.

    Attributes:
        name: Name of its file, for errors.
        text: The text.
        lines: Line on which each key is first set, by its path: `tables.visits.columns.visit_id`, `events.0.code`.
    """

    name: str
    text: str
    lines: Mapping[str, int]

    def refuse(self, path: str, problem: str, hint: str = "") -> NoReturn:
        """Raise that the key at a path makes no sense.

        Raises:
            InputError: `declaration-invalid`, always.
        """
        line = self._line(path)
        where = [self.name, *([f"line {line}"] if line else []), *([f"key {path}"] if path else [])]
        raise InputError("declaration-invalid", f"{', '.join(where)}: {problem}", hint)

    def _line(self, path: str) -> int:
        """The key's line, or that of the nearest key around it; 0 if there is none."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition(".")[0]
        return 0


def parse_document(text: str, name: str) -> Node:
    """Read a declaration's text.

    Args:
        text: TOML.
        name: Name of its file, for errors.

    Raises:
        InputError: `declaration-unreadable`: it is not TOML.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "declaration-unreadable",
            f"{name} is not TOML: {_without_values(str(error))}.",
            "Texts stand in double quotes, lists in square brackets; each key stands once in its section.",
        ) from error
    return Node(raw, "", Document(name, text, dict(_find_lines(text))))


def _without_values(problem: str) -> str:
    """Tomllib's words quote a name at most; the place is what helps."""
    return problem[:1].lower() + problem[1:]


def _find_lines(text: str) -> Iterator[tuple[str, int]]:
    section, counts, seen = "", dict[str, int](), set[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _SECTION.match(line):
            section = _plain_path(match[2])
            if match[1] == "[[":
                counts[section] = counts.get(section, -1) + 1
                section = f"{section}.{counts[section]}"
            path = section
        elif match := _KEY.match(line):
            path = ".".join(part for part in (section, _plain_path(match[1])) if part)
        else:
            continue
        if path not in seen:
            seen.add(path)
            yield path, number


def _plain_path(path: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in path.split("."))


@dataclass(frozen=True)
class Node:
    """A part of a declaration, with the place at which it stands."""

    value: Any
    path: str
    document: Document

    def refuse(self, problem: str, hint: str = "", key: str = "") -> NoReturn:
        """Raise that this part, or a key of it, makes no sense."""
        self.document.refuse(self._path(key), problem, hint)

    def _path(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def has(self, key: str) -> bool:
        """Whether a key is set."""
        return key in self.value

    def child(self, key: str) -> Node:
        """The part under a key; empty if it is not set."""
        return Node(self.value.get(key, {}), self._path(key), self.document)

    def section(self, keys: Iterable[str]) -> Node:
        """This part as a section that has no other keys than those."""
        if not isinstance(self.value, dict):
            self.refuse("a section is expected here, KEY = VALUE.")
        for key in self.value:
            if key not in keys:
                self.refuse(f"there is no such key here.{did_you_mean(key, keys)}", key=key)
        return self

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys of a section with their parts."""
        if not isinstance(self.value, dict):
            self.refuse("a section is expected here, KEY = VALUE.")
        return ((key, self.child(key)) for key in self.value)

    def entries(self) -> list[Node]:
        """The parts of a list of sections."""
        if not self.value:
            return []
        if not isinstance(self.value, list):
            self.refuse(f"a list of sections is expected here: [[{self.path}]].")
        return [Node(value, f"{self.path}.{at}", self.document) for at, value in enumerate(self.value)]

    def text(self, key: str, default: str = "") -> str:
        """A text under a key."""
        value = self.value.get(key, default)
        if not isinstance(value, str):
            self.refuse('a text in double quotes is expected: "...".', key=key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts under a key; one text counts as a list of it."""
        value = self.value.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            self.refuse('a list of texts is expected: ["...", "..."].', key=key)
        return tuple(listed)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false under a key."""
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            self.refuse("true or false is expected, without quotes.", key=key)
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of some words under a key."""
        value = self.text(key, default)
        if value not in choices:
            self.refuse(f"{value!r} is none of {', '.join(choices)}.{did_you_mean(value, choices)}", key=key)
        return value


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Offer near names, or all where they are few.

    >>> did_you_mean("delivry", ["name", "delivery"])
    ' Did you mean delivery?'
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, 3, 0.6)
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" There are {', '.join(known)}." if 0 < len(known) <= 20 else ""
