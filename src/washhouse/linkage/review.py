"""Which pairs should a steward look at, and in what order?

A pair is worth asking about when the answer could move records from one person to another. Its value is the expected
number of records that the answer puts right: the chance that the linkage is wrong there, times the records that would
then change their person (the smaller side). Refused unions come before all others.

    refused         two records that the weights join and a constraint keeps apart
    household       two records of one home, unlike each other, that only others hold together
    over-size       the weakest link of a person with more records than people have
    near-threshold  a link, or a pair just not linked, that could well be the other way
    sample          drawn at random from bands of probability, so that answers may stand for all pairs

What was answered, what a steward decided, and what may lie across a sensitive change (`sensitive`) never comes here.

References:
    docs/adr/2026-11-23-link-review.md (value, windows, bands).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.explain import Agreement, pattern_levels, say_level, waterfall
from washhouse.linkage.labelled import Stratum, count_strata, sample_bands
from washhouse.linkage.model import Model, probability
from washhouse.linkage.own_numbers import OwnNumbers
from washhouse.linkage.person_ids import Key, Record, record_key
from washhouse.linkage.review_cut import Cut, Link, cut_between, weakest_cut
from washhouse.linkage.review_people import (
    People,
    gather_facts,
    gather_people,
    links_at,
)
from washhouse.linkage.review_tables import REVIEW, REVIEW_RECORD
from washhouse.linkage.sensitive import Facts, is_sensitive
from washhouse.linkage.standing import BY_STEWARD, stand

MOST_PAIRS = 2_000
"""Pairs in the queue at most; what is left off is counted."""
LOOKED_AT = 20_000
"""Pairs of one cause that are valued at most, the closest to the threshold first."""
NEAR = (0.05, 0.95)
"""Probabilities between which a pair counts as near the threshold."""
LARGE = 12
"""Records of one person from which its weakest link is asked about; a city's senders hold up to six of nearly all."""
CAUSES = ("refused", "household", "over-size", "near-threshold", "sample")
"""Why a pair is in the queue; where several apply, the first."""
Pair = tuple[str, str]
"""Keys of two records, the lower first."""
Hidden = Callable[[Record, Record], bool]
_KEYS = ("left_source", "left_id", "right_source", "right_id")
_HOME = ("address", "uprn", "postcode")


@dataclass(frozen=True)
class Review:
    """What a steward is asked.

    Attributes:
        pairs: See `review_tables.REVIEW`, in order of the queue.
        records: See `review_tables.REVIEW_RECORD`.
        left_off: Pairs worth asking about that the queue has no room for.
        strata: Bands of probability, and how many pairs each holds; what labels are weighed by.
    """

    pairs: pa.Table
    records: pa.Table
    left_off: int
    strata: tuple[Stratum, ...]

    def summary(self) -> dict[str, Any]:
        """Counts for a page; no identifiers."""
        causes = Counter(self.pairs.column("cause").to_pylist())
        return {
            "pairs": self.pairs.num_rows,
            "left_off": self.left_off,
            "by_cause": {cause: causes.get(cause, 0) for cause in CAUSES},
            "strata": [asdict(stratum) for stratum in self.strata],
        }


@dataclass(slots=True)
class _Question:
    link: Link
    cause: str
    detail: str
    together: bool
    affected: int
    value: float
    sampled: bool = False
    group: tuple[object, ...] = ()
    """Questions of one group have one answer; only the best of them is asked."""


def review_queue(
    identities: pa.Table,
    membership: pa.Table,
    edges: pa.Table,
    refused: pa.Table,
    *,
    key: Key,
    threshold: float,
    model: Model | None = None,
    answered: Collection[Pair] = (),
    kept_apart: Collection[Pair] = (),
    hidden: Hidden | None = None,
    limit: int = MOST_PAIRS,
    rng: np.random.Generator | None = None,
) -> Review:
    """Gather the pairs to ask about.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        key: Keyed hash that makes record keys.
        threshold: Probability from which a pair is a link.
        model: The model that weighed the edges; without it pairs carry no waterfall.
        answered: Pairs that were answered or decided: none of them is asked again.
        kept_apart: Those of them that were found to be different people: no other pair of the same two people is
            asked either.
        hidden: True for a further pair that may not be suggested or shown (a sensitive change is known).
        limit: Pairs in the queue at most.
        rng: Draws the sample; None to draw none.

    Returns:
        The queue. It does not depend on the order of any table's rows.
    """
    edges = edges.sort_by([(name, "ascending") for name in _KEYS]).combine_chunks()
    refused = refused.filter(pc.not_equal(refused.column("cause"), BY_STEWARD))
    refused = refused.sort_by([("weight", "descending"), *((name, "ascending") for name in _KEYS)])
    chances = edges.column("probability").to_numpy()
    drawn = sample_bands(chances, rng) if rng is not None else np.empty(0, dtype=np.int64)
    doubtful = np.flatnonzero((chances < threshold) | (chances <= NEAR[1]))
    near = np.sort(doubtful[np.argsort(np.abs(chances[doubtful] - threshold), kind="stable")[:LOOKED_AT]])
    refusals = _refusals(edges, refused.slice(0, LOOKED_AT))
    asked, samples = links_at(edges, near), links_at(edges, drawn)
    people = gather_people(membership, edges, threshold, [*asked, *samples, *(link for link, _ in refusals)], LARGE)
    namer = cache(lambda record: record_key(key, *record))
    numbers = OwnNumbers(identities, membership)
    facts = gather_facts(identities, people, numbers)
    gate = _Gate(people, facts, namer, frozenset(answered), _kept_apart(kept_apart, people, namer), hidden)
    questions = [_refused(link, why, people) for link, why in refusals]
    questions += [q for person in people.large if (q := _weakest(person, people)) is not None]
    questions += [q for link in asked if (q := _doubt(link, people, threshold, model)) is not None]
    chosen = _choose([q for q in questions if gate.open(q.link)], namer)
    queue = _with_sample(chosen[:limit], [link for link in samples if gate.open(link)], people, namer)
    left_off = len(chosen[limit:]) + len(doubtful) - len(near) + refused.num_rows - len(refusals)
    linked, closed = stand(edges, refused, threshold, numbers)
    strata = count_strata(chances[~closed], linked[~closed])
    return Review(
        _pairs_table(queue, people, namer, model),
        _records_table(queue, identities, people, facts, namer),
        left_off,
        strata,
    )


@dataclass(frozen=True)
class _Gate:
    """Lets through the pairs that may be asked about."""

    people: People
    facts: Mapping[str, Facts]
    namer: Callable[[Record], str]
    answered: frozenset[Pair]
    apart: frozenset[frozenset[str]]
    hidden: Hidden | None

    def open(self, link: Link) -> bool:
        """Was the pair never answered, and may it be shown?"""
        sides = frozenset((self.people.person[link.left], self.people.person[link.right]))
        if _pair(link, self.namer) in self.answered or (len(sides) == 2 and sides in self.apart):
            return False
        if len(sides) == 2 and is_sensitive(*(self.facts.get(side, Facts()) for side in sides)):
            return False
        return self.hidden is None or not self.hidden(link.left, link.right)


def _pair(link: Link, namer: Callable[[Record], str]) -> Pair:
    left, right = sorted((namer(link.left), namer(link.right)))
    return left, right


def _kept_apart(pairs: Collection[Pair], people: People, namer: Callable[[Record], str]) -> frozenset[frozenset[str]]:
    """Return the couples of people that were found to be different."""
    if not pairs:
        return frozenset()
    person = {namer(record): person for record, person in people.person.items()}
    return frozenset(
        frozenset((person[left], person[right])) for left, right in pairs if left in person and right in person
    )


def _refusals(edges: pa.Table, refused: pa.Table) -> list[tuple[Link, str]]:
    """Return refused links with their cause in words; the pattern is the edge's."""
    if not refused.num_rows:
        return []
    ids = pc.unique(refused.column("left_id"))
    beside = links_at(edges, np.flatnonzero(pc.is_in(edges.column("left_id"), value_set=ids).to_numpy()))
    known = {(link.left, link.right): link for link in beside}
    rows = refused.select([*_KEYS, "weight", "probability", "cause"]).to_pylist()
    found = []
    for row in rows:
        left, right = (row["left_source"], row["left_id"]), (row["right_source"], row["right_id"])
        link = known.get((left, right), Link(left, right, row["weight"], row["probability"], -1))
        found.append((link, row["cause"]))
    return found


def _refused(link: Link, why: str, people: People) -> _Question:
    affected = min(people.size[people.person[link.left]], people.size[people.person[link.right]])
    detail = f"The comparison joins them, but a union would hold {why}."
    return _question(link, "refused", detail, people, affected, link.probability * affected)


def _weakest(person: str, people: People) -> _Question | None:
    """Ask about the weakest link of a person with too many records."""
    cut = weakest_cut(people.links.get(person, []))
    if cut is None:
        return None
    detail = f"The weakest link of a person with {people.size[person]} records."
    return _cut_question(cut.link, "over-size", detail, people, cut)


def _doubt(link: Link, people: People, threshold: float, model: Model | None) -> _Question | None:
    """Ask about a pair near the threshold; not about one whose answer would change nothing."""
    left, right = people.person[link.left], people.person[link.right]
    if left != right:
        if not NEAR[0] <= link.probability < threshold:
            return None
        affected = min(people.size[left], people.size[right])
        detail = "Not linked: just below the threshold."
        return _question(link, "near-threshold", detail, people, affected, link.probability * affected)
    cut = cut_between(people.links.get(left, []), link.left, link.right)
    if cut is None:
        return None
    if link.probability >= threshold:
        is_bridge = {cut.link.left, cut.link.right} == {link.left, link.right}
        detail = "Linked: not far above the threshold."
        return _cut_question(link, "near-threshold", detail, people, cut) if is_bridge else None
    if model is not None and _one_home(link, model):
        detail = "Two records of one home that are unlike each other; only other records hold them together."
        return _cut_question(link, "household", detail, people, cut, link.weight)
    if link.probability < NEAR[0]:
        return None
    detail = "Together, but only other records hold them together."
    return _cut_question(link, "near-threshold", detail, people, cut, link.weight)


def _cut_question(link: Link, cause: str, detail: str, people: People, cut: Cut, further: float = 0.0) -> _Question:
    """Ask whether a person should come apart at a cut; `further` is the weight of the pair itself, if it is no link."""
    wrong = 1.0 - float(probability(np.array([cut.weight + further]))[0])
    question = _question(link, cause, detail, people, cut.affected, wrong * cut.affected)
    question.group = (people.person[link.left], cut.link.left, cut.link.right)
    return question


def _question(link: Link, cause: str, detail: str, people: People, affected: int, value: float) -> _Question:
    left, right = people.person[link.left], people.person[link.right]
    group = (*sorted((left, right)),)
    return _Question(link, cause, detail, left == right, affected, value, group=group)


def _one_home(link: Link, model: Model) -> bool:
    """Do the two records say that they live in one place?"""
    if link.model != model.digest:
        return False
    levels = pattern_levels(model, link.pattern)
    return any(
        field.name in _HOME and say_level(model, f, levels)[1] is Agreement.SAME for f, field in enumerate(model.fields)
    )


def _choose(questions: Sequence[_Question], namer: Callable[[Record], str]) -> list[_Question]:
    """Order questions by value, refused unions first, and keep the best of each group."""

    def rank(question: _Question) -> tuple[object, ...]:
        pair = _pair(question.link, namer)
        return question.cause != "refused", -question.value, CAUSES.index(question.cause), -question.link.weight, pair

    best: dict[tuple[object, ...], _Question] = {}
    pairs = set()
    for question in sorted(questions, key=rank):
        pair = _pair(question.link, namer)
        if pair not in pairs and question.group not in best:
            best[question.group] = question
            pairs.add(pair)
    return list(best.values())


def _with_sample(
    queue: list[_Question], sample: Sequence[Link], people: People, namer: Callable[[Record], str]
) -> list[_Question]:
    """Mark the pairs of the queue that were drawn, and add the others, in the random order of their keys."""
    drawn = {_pair(link, namer): link for link in sample}
    for question in queue:
        question.sampled = drawn.pop(_pair(question.link, namer), None) is not None
    detail = "Drawn at random, so that answers may stand for other pairs."
    added = [_question(drawn[pair], "sample", detail, people, 0, 0.0) for pair in sorted(drawn)]
    for question in added:
        question.sampled = True
    return [*queue, *added]


def _pairs_table(
    queue: Sequence[_Question], people: People, namer: Callable[[Record], str], model: Model | None
) -> pa.Table:
    steps = cache(lambda pattern: _steps(model, pattern))
    rows = []
    for place, question in enumerate(queue, start=1):
        link = question.link
        left, right = sorted((link.left, link.right), key=namer)
        told = model is not None and link.model == model.digest and link.pattern >= 0
        rows.append(
            {
                "left_key": namer(left),
                "right_key": namer(right),
                "left_source": left[0],
                "left_id": left[1],
                "right_source": right[0],
                "right_id": right[1],
                "left_person": people.person[left],
                "right_person": people.person[right],
                "cause": question.cause,
                "detail": question.detail,
                "sampled": question.sampled,
                "together": question.together,
                "weight": link.weight,
                "probability": link.probability,
                "affected": question.affected,
                "value": question.value,
                "place": place,
                "model": link.model,
                "steps": steps(link.pattern) if told else "[]",
            }
        )
    return pa.Table.from_pylist(rows, schema=arrow_schema(REVIEW))


def _steps(model: Model | None, pattern: int) -> str:
    if model is None:
        return "[]"
    return json.dumps([asdict(step) for step in waterfall(model, pattern)])


def _records_table(
    queue: Sequence[_Question],
    identities: pa.Table,
    people: People,
    facts: Mapping[str, Facts],
    namer: Callable[[Record], str],
) -> pa.Table:
    """Copy of the records that are asked about, and of no other, what may be revealed of them."""
    wanted = {record for question in queue for record in (question.link.left, question.link.right)}
    ids = pa.array(sorted({source_id for _, source_id in wanted}), pa.string())
    rows = identities.filter(pc.is_in(identities.column("source_id"), value_set=ids)).to_pylist()
    held = {record: row for row in rows if (record := (row["source"], row["source_id"])) in wanted}
    schema = arrow_schema(REVIEW_RECORD)
    copied = []
    for record in sorted(held, key=namer):
        who = people.person[record]
        kept = {name: held[record].get(name) for name in schema.names}
        known = {"record_key": namer(record), "person_id": who, "records": people.size[who]}
        copied.append(kept | known | {"restricted": facts[who].restricted})
    return pa.Table.from_pylist(copied, schema=schema)
