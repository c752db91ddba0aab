"""What does a score rest on: which sources know the person, how far have they sent, and which have fallen silent?

A source that sent nothing lately reads like a person of whom nothing happened. Models are fitted on what was known on
days in the past, the usual lag of each source included; a silence longer than any that a model was fitted through is
another matter. Its scores are then marked, and the run says so: what happened since is not known, and counts as
nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

SLACK_DAYS = 7
"""Days beyond the longest silence that a model was fitted through before a source counts as late."""


@dataclass(frozen=True)
class Known:
    """What is known at the start of a day.

    Attributes:
        submitted: Days on which each source submitted something, in order.
        lags: Days for which each was silent at most when the model's people were looked at.
    """

    submitted: Mapping[str, Sequence[date]]
    lags: Mapping[str, int]

    def last_sent(self, day: date) -> dict[str, date]:
        """Day on which each source last sent something before a day; without those that had never."""
        places = {source: bisect_left(days, day) for source, days in self.submitted.items()}
        return {source: self.submitted[source][place - 1] for source, place in sorted(places.items()) if place}

    def is_late(self, source: str, sent: date, day: date) -> bool:
        """Whether a source was silent for longer than the model has seen; never of one that it has not seen at all."""
        return source in self.lags and (day - sent).days > self.lags[source] + SLACK_DAYS

    def tell(self, people: pa.Table) -> pa.Table:
        """Add `rests_on` to people with `index_date` and `sources`, comma-separated; see `record.tables.SCORE`."""
        if "sources" not in people.column_names:
            return people
        pairs = list(zip(people["index_date"].to_pylist(), people["sources"].to_pylist(), strict=True))
        texts = {pair: self._list(*pair) for pair in set(pairs)}
        return people.append_column("rests_on", pa.array([texts[pair] for pair in pairs], pa.string()))

    def _list(self, day: date, knowing: str) -> str:
        sources = knowing.split(",")
        return json.dumps(
            [
                {
                    "source": source,
                    "sent": sent.isoformat(),
                    "knows": source in sources,
                    "is_late": self.is_late(source, sent, day),
                }
                for source, sent in self.last_sent(day).items()
            ]
        )

    def say_late(self, day: date) -> str:
        """Which sources are late, in words that may follow others; empty if none is."""
        return "".join(
            f" {source} sent nothing after {sent.isoformat()}, a longer silence than the model was fitted through: "
            "what happened since is not known, and counts as nothing."
            for source, sent in self.last_sent(day).items()
            if self.is_late(source, sent, day)
        )


def read_known(model: Mapping[str, Any] | None, submitted: Mapping[str, Sequence[date]]) -> Known:
    """What is known for scores of a model, given what `model.json` holds; one from before lags were kept has none."""
    return Known(submitted, model["record"]["data"].get("longest_lags", {}) if model is not None else {})
