"""What must stay the same so that a pair gets the same weight tonight, tomorrow, and alone?

A trained model holds everything that scoring learns from data: the fields, the shares of every level in every kind of
pair, which values count as common, the blocking rules and their limit, the sources, the thresholds. A batch, a nightly
increment, one record at a desk and a later `washhouse link` that are given the same trained model weigh a pair alike.
It is a page of numbers: its JSON holds no name, common values are kept as hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast, get_args

import numpy as np

from washhouse.core.errors import InputError
from washhouse.linkage.encode import SETTING, Bands
from washhouse.linkage.fields import FIELDS, FREE_FIELDS, About, Field, Kind
from washhouse.linkage.given_names import given_shape
from washhouse.linkage.kernel import level_counts
from washhouse.linkage.model import KINDS, Model

FORMAT = 2
"""Version of the JSON."""


@dataclass(frozen=True)
class TrainedModel:
    """Everything that scoring needs and that was learnt from data.

    Attributes:
        model: Kinds of pair, their sizes, shares of levels.
        sources: Sources whose pairs the model tells apart, in the order of their numbers; none without a setting.
        rules: Blocking rules, the surest first.
        max_block_pairs: Blocks that could give more pairs are skipped.
        bands: How common values are; a value that is not listed is rare.
        thresholds: Probability from which on a pair is a link, by purpose.
        records: Records that it was trained on.
    """

    model: Model
    sources: tuple[str, ...]
    rules: tuple[tuple[str, ...], ...]
    max_block_pairs: int
    bands: Bands
    thresholds: Mapping[str, float]
    records: int

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in the order of the model's."""
        return self.model.fields

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the fields that records say something in; the setting is none of them."""
        return tuple(f.name for f in self.fields if f.kind is not Kind.SETTING)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Levels of each field, "missing" included."""
        return level_counts(self.fields, len(self.sources))

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that name this trained model: equal for equal content."""
        return hashlib.sha256(_dumped(_content(self)).encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """Return the model as one JSON object, with its digest."""
        return _dumped({"format": FORMAT, "digest": self.digest} | _content(self))

    @classmethod
    def from_json(cls, text: str | bytes, *, fields: Mapping[str, Field] | None = None) -> TrainedModel:
        """Read a model that `to_json` wrote.

        Args:
            text: The JSON.
            fields: Fields that take the place of the known ones of that name, e.g. with a date format of their own.

        Raises:
            InputError: `link-model`: it is no such model, was changed since, or was made for other levels.
        """
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise _unreadable("It was written in another format.")
            found = _read(raw, fields or {})
            told = raw["digest"]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
            raise _unreadable("It is not a model that washhouse wrote.") from error
        if found.digest != told:
            raise _unreadable("Its content does not fit its digest.")
        for f, count in enumerate(found.counts):
            if any(len(row[f]) != count for row in found.model.shares):
                raise _unreadable(f"It was made for other levels of {found.fields[f].name}.")
        if found.model.given is not None and found.model.given.shape != given_shape(found.fields):
            raise _unreadable("It was made for other levels of first_name.")
        return found


def _unreadable(why: str) -> InputError:
    return InputError("link-model", f"The linkage model cannot be used. {why}", "Train a new one from your tables.")


def _dumped(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _content(trained: TrainedModel) -> dict[str, Any]:
    model = trained.model
    return {
        "fields": [{"name": f.name, "kind": f.kind.name, "about": f.about} | _near(f) for f in model.fields],
        "kinds": [kind.name for kind in model.kinds],
        "sizes": [float(size) for size in model.sizes],
        "shares": [[[float(share) for share in shares] for shares in row] for row in model.shares],
        "rounds": model.rounds,
        "given": None if model.given is None else [[float(share) for share in row] for row in model.given],
        "sources": list(trained.sources),
        "rules": [list(rule) for rule in trained.rules],
        "max_block_pairs": trained.max_block_pairs,
        "bands": {
            name: {f"{value:016x}": int(band) for value, band in sorted(values.items())}
            for name, values in sorted(trained.bands.items())
        },
        "thresholds": {purpose: float(cut) for purpose, cut in sorted(trained.thresholds.items())},
        "records": trained.records,
    }


def _read(raw: Mapping[str, Any], given: Mapping[str, Field]) -> TrainedModel:
    kinds = {kind.name: kind for kind in KINDS}
    model = Model(
        fields=tuple(_field(f, given) for f in raw["fields"]),
        kinds=tuple(kinds[name] for name in raw["kinds"]),
        sizes=np.array(raw["sizes"], dtype=np.float64),
        shares=tuple(tuple(np.array(shares, dtype=np.float64) for shares in row) for row in raw["shares"]),
        rounds=int(raw["rounds"]),
        given=None if raw["given"] is None else np.array(raw["given"], dtype=np.float64),
    )
    return TrainedModel(
        model=model,
        sources=tuple(raw["sources"]),
        rules=tuple(tuple(rule) for rule in raw["rules"]),
        max_block_pairs=int(raw["max_block_pairs"]),
        bands={
            name: {int(value, 16): int(band) for value, band in values.items()} for name, values in raw["bands"].items()
        },
        thresholds={purpose: float(cut) for purpose, cut in raw["thresholds"].items()},
        records=int(raw["records"]),
    )


def _field(raw: Mapping[str, str], given: Mapping[str, Field]) -> Field:
    name, kind = raw["name"], Kind[raw["kind"]]
    if kind is Kind.SETTING:
        return SETTING
    known = given.get(name) or FIELDS.get(name)
    if known is not None and known.kind is kind:
        return known
    if raw["about"] not in get_args(About):
        raise ValueError("about")
    return FREE_FIELDS[kind](name, cast(About, raw["about"]), **({"near": float(raw["near"])} if "near" in raw else {}))


def _near(field: Field) -> dict[str, float]:
    return {"near": field.near} if field.near else {}
