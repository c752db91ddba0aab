"""How is everybody who is at risk now scored for all outcomes, reading each bucket of the record once?

A bucket at a time: the events that any population rests on are taken out once, the populations are found among them,
and outcomes that look at the same features share one pass over the bucket's events. Of a bucket that is scored there
remain one line a person and the features of those who will be explained, so that memory is bounded by a bucket. Ranks
are given when all are scored; then the events behind the reasons of those explained are looked up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from washhouse.core.tables import Column
from washhouse.insight.codelists import CODED_CTE, build_codelist_table
from washhouse.insight.features.compile import (
    EVIDENCE_COLUMNS,
    build_feature_tables,
    compile_evidence,
    list_events,
    summaries_kernel,
)
from washhouse.insight.features.contract import Feature
from washhouse.insight.features.matrix import Matrix, build_matrix
from washhouse.insight.models.points import count_points
from washhouse.insight.models.reasons import Reasons, choose_reasons, take_apart
from washhouse.insight.models.store import load_linear, load_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.watch.inputs import Bins, count_bins
from washhouse.record.kernels import Kernel, Stage
from washhouse.record.tables import EVENT

RISK_DECIMALS = 10

Compute = Callable[[Sequence[Stage], Mapping[str, pa.Table]], Iterator[dict[str, pa.Table]]]
"""Runs stages over every bucket, with extra tables; see `record.kernels.run_stages`."""

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done, 0 to 1."""


def _events(name: str, columns: str, sql: str) -> Kernel:
    wanted = columns.split()
    listed = tuple(column for column in EVENT.columns if column.name in wanted)
    place = (Column("place", "int64", "Rises in the table's order", nullable=False),) if "place" in wanted else ()
    names = ", ".join(f'e."{column}"' for column in wanted)
    return Kernel(name, sql.format(columns=names), (*listed, *place), inputs=("event",))


LISTED = _events(
    "listed-events",
    "person_id time end_time recorded_at superseded_at code ref parent_ref team",
    f"""WITH {CODED_CTE} SELECT {{columns}} FROM "event" AS e WHERE e."code" IN (SELECT "code" FROM "coded")""",
)
"""Events whose codes some population names."""


def events_kernel(name: str, sql: str) -> Kernel:
    """Some events with all that features and evidence read; `sql` selects `{columns}` from `event` as `e`."""
    columns = "person_id time end_time recorded_at superseded_at code numeric_value ref parent_ref team"
    return _events(name, f"{columns} source_file source_row place", sql)


def _events_of(name: str) -> Kernel:
    """Events of some people (`row`)."""
    return events_kernel(
        name, """SELECT {columns} FROM "event" AS e WHERE e."person_id" IN (SELECT "person_id" FROM "row")"""
    )


CITED = _events_of("cited-events")

_FACTS = ("bucket", "person_id", "index_date", "birth_month", "sex", "deprivation_decile")


@dataclass(frozen=True)
class Asked:
    """An outcome whose newest scores are wanted.

    Attributes:
        outcome: The declaration.
        indexes: Days of the newest scores, newest first.
        stored: What the `model.json` of its model holds; None where there is none: then nobody is scored.
        past: Days of earlier weeks that are scored too, without reasons.
    """

    outcome: Outcome
    indexes: tuple[date, ...]
    stored: Mapping[str, Any] | None
    past: tuple[date, ...] = ()


@dataclass(frozen=True)
class Scored:
    """What became of the people whom an outcome concerns now.

    Attributes:
        people: One row per person and index day at risk, by bucket, day and id: `bucket`, `person_id`, `index_date`,
            `risk`, `risk_lower`, `risk_upper`, `rank`, `points`, `reasons`, `inputs`, `sources` (that know the person);
            no rows without a model.
        in_crisis_care: `bucket`, `person_id`, `index_date` of those who are listed and not scored.
        counts: People on the newest day, by what became of them; `listed` in all.
        inputs: Of those scored on the newest day, how many lie in which bin of the fit; none without a model.
    """

    people: pa.Table
    in_crisis_care: pa.Table
    counts: dict[str, int]
    inputs: Bins | None


def score_present(asked: Sequence[Asked], compute: Compute, tell: Progress) -> dict[str, Scored]:
    """Score everybody at risk now.

    Args:
        asked: The outcomes, each once.
        compute: Runs stages over the record.
        tell: Whoever follows.

    Returns:
        By name of the outcome.
    """
    books = [_Book(each) for each in asked]
    groups = [group for group in _group(books) if group]
    parts = compute(*_stages(books, groups))
    tell("scoring", 0.5)
    for made in parts:
        for book in books:
            book.count(made[book.asked.outcome.population.name])
        for place, group in enumerate(groups):
            _score_group(group, made[f"rows-{place}"], made[f"features-{place}"])
    tell("ranking and explaining", 0.9)
    for book in books:
        book.rank()
    _explain(groups, compute)
    return {book.asked.outcome.name: book.close() for book in books}


def _group(books: Sequence[_Book]) -> list[list[_Book]]:
    """Books with a model, those that look at the same features together."""
    found: dict[tuple[Feature, ...], list[_Book]] = {}
    for book in books:
        if book.asked.stored is not None:
            found.setdefault(book.asked.outcome.features, []).append(book)
    return list(found.values())


def _stages(books: Sequence[_Book], groups: Sequence[Sequence[_Book]]) -> tuple[list[Stage], dict[str, pa.Table]]:
    every = [codelist for book in books for codelist in book.asked.outcome.codelists]
    extra = {"listed-codes": build_codelist_table(every)}
    stages = [Stage(LISTED, over={"codelist": "listed-codes"}, is_kept=False)]
    for book in books:
        outcome = book.asked.outcome
        extra[f"{outcome.name}-days"] = build_index_table((*book.asked.indexes, *book.asked.past))
        extra[f"{outcome.name}-codes"] = build_codelist_table(outcome.codelists)
        over = {"index_date": f"{outcome.name}-days", "codelist": f"{outcome.name}-codes", "event": LISTED.name}
        stages.append(Stage(outcome.population, over=over))
    for place, group in enumerate(groups):
        features = group[0].asked.outcome.features
        tables = {f"features-{place}-{name}": table for name, table in build_feature_tables(features).items()}
        extra |= tables
        populations = {f"population-{n}": book.asked.outcome.population.name for n, book in enumerate(group)}
        over = {"row": f"rows-{place}"} | {name.removeprefix(f"features-{place}-"): name for name in tables}
        stages.append(Stage(_rows_kernel(f"rows-{place}", len(group)), over=populations))
        stages += feature_stages(f"features-{place}", features, over)
    return stages, extra


def feature_stages(name: str, features: Sequence[Feature], over: Mapping[str, str]) -> list[Stage]:
    """The stages that sum up the features of a bucket's people.

    Args:
        name: Name of the last one, which gives the summaries (`compile.summaries_kernel`).
        features: Checked declarations.
        over: What stands for `row` and the tables of `build_feature_tables`.
    """
    summaries = summaries_kernel(name, features)
    if all(kind.derive == "each" for kind in list_events(features)):
        return [Stage(summaries, over=_renamed(over))]
    # What is derived looks at a person's events several times: those of the people are fewer than everybody's.
    own = _events_of(f"{name}-events")
    return [
        Stage(own, over=_renamed({"row": over["row"]}), is_kept=False),
        Stage(summaries, over=_renamed({**over, "event": own.name})),
    ]


def _renamed(over: Mapping[str, str]) -> dict[str, str]:
    return {name: other for name, other in over.items() if name != other}


def build_index_table(days: Iterable[date]) -> pa.Table:
    """The days that a population is found on."""
    return pa.table({"index_date": pa.array(sorted(set(days)), pa.date32())})


def _rows_kernel(name: str, populations: int) -> Kernel:
    """People at risk of several populations, numbered in a bucket by outcome, day and id."""
    names = ", ".join(f'"{column}"' for column in _FACTS)
    parts = " UNION ALL ".join(
        f"""SELECT {n} AS "outcome", {names} FROM "population-{n}" WHERE "status" = 'at-risk'"""
        for n in range(populations)
    )
    return Kernel(
        name,
        f"""SELECT CAST(row_number() OVER (ORDER BY "outcome", "index_date", "person_id") - 1 AS INTEGER) AS "row",
            "outcome", {names}, "sources"
            FROM ({parts}) JOIN (SELECT "person_id", "sources" FROM "person") USING ("person_id")""",
        (
            Column("row", "int32", "Number, from 0", nullable=False),
            Column("outcome", "int32", "Place of the outcome among those that share features", nullable=False),
            Column("bucket", "int32", "Person bucket", nullable=False),
            Column("person_id", "string", "Whom it concerns", nullable=False),
            Column("index_date", "date", "Day at whose start the features hold", nullable=False),
            Column("birth_month", "date", "First day of the month of birth"),
            Column("sex", "string", "As in `record.person`"),
            Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
            Column("sources", "string", "As in `record.person`", nullable=False),
        ),
        inputs=("person",),
    )


def _score_group(group: Sequence[_Book], rows: pa.Table, summaries: pa.Table) -> None:
    rows = rows.sort_by("row")
    matrix = build_matrix(group[0].asked.outcome.features, rows, summaries)
    ends = np.searchsorted(rows["outcome"].to_numpy(), np.arange(len(group) + 1))
    for book, begin, end in zip(group, ends[:-1], ends[1:], strict=True):
        if end > begin:
            book.score(rows.slice(begin, end - begin), Matrix(matrix.names, matrix.values[begin:end]))


def _explain(groups: Sequence[Sequence[_Book]], compute: Compute) -> None:
    """Choose reasons, and look the events behind them up in one more pass."""
    extra: dict[str, pa.Table] = {}
    stages, explained = [], []
    for place, group in enumerate(groups):
        rows = pa.concat_tables([book.choose() for book in group])
        rows = rows.append_column("row", pa.array(np.arange(rows.num_rows, dtype=np.int32)))
        first = np.cumsum([0, *(len(book.reasons) for book in group)])
        pairs = [book.reasons.cited(begin) for book, begin in zip(group, first[:-1], strict=True)]
        row, kind = (np.concatenate([pair[number] for pair in pairs]) for number in (0, 1))
        cited = pa.table({"bucket": rows["bucket"].take(pa.array(row)), "row": row, "events": kind})
        tables = {"row": rows, "cited": cited, **build_feature_tables(group[0].asked.outcome.features)}
        extra |= {f"{name}-{place}": table for name, table in tables.items()}
        over = {"event": CITED.name, **{name: f"{name}-{place}" for name in tables}}
        kernel = Kernel(f"evidence-{place}", compile_evidence(), EVIDENCE_COLUMNS, inputs=("event",))
        stages.append(Stage(kernel, over=over))
        explained.append(rows.select(["bucket", "person_id"]))
    if not explained or not sum(table.num_rows for table in explained):
        return
    extra["people-explained"] = pa.concat_tables(explained)
    made = list(compute([Stage(CITED, over={"row": "people-explained"}, is_kept=False), *stages], extra))
    for place, group in enumerate(groups):
        evidence = pa.concat_tables([tables[f"evidence-{place}"] for tables in made])
        first = np.cumsum([0, *(len(book.reasons) for book in group)])
        for book, begin, end in zip(group, first[:-1], first[1:], strict=True):
            mine = pc.and_(pc.greater_equal(evidence["row"], begin), pc.less(evidence["row"], end))
            book.texts = book.reasons.tell(evidence.filter(mine), begin)


@dataclass
class _Book:
    """What is known of one outcome's people while the buckets go by.

    Attributes:
        asked: The outcome.
        reasons: Of those explained, once chosen.
        texts: Their reasons as JSON, once told.
    """

    asked: Asked
    reasons: Reasons = field(default_factory=Reasons.empty)
    texts: Sequence[str] = ()
    _counts: dict[str, int] = field(
        default_factory=lambda: {"listed": 0, "at-risk": 0, "in-crisis-care": 0, "not-eligible": 0}
    )
    _care: list[pa.Table] = field(default_factory=list)
    _parts: list[pa.Table] = field(default_factory=list)
    _rows: int = 0
    _names: tuple[str, ...] = ()
    # Those who may be explained: number among all rows, list, risk, features.
    _kept: list[tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64], NDArray[np.float32]]] = field(
        default_factory=list
    )
    _ranked: pa.Table | None = None
    _inputs: Bins | None = None
    _explained: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if self.asked.stored is not None:
            models = self.asked.stored["models"]
            self._model, self._calibration = load_model(models[self.asked.stored["shipped"]])
            self._points = load_linear(models["points"])

    def count(self, population: pa.Table) -> None:
        """Take notice of a bucket's population."""
        now = population.filter(self._is_newest(population))
        self._counts["listed"] += now.num_rows
        for each in now.group_by("status").aggregate([([], "count_all")]).to_pylist():
            self._counts[each["status"]] += each["count_all"]
        care = population.filter(pc.equal(population["status"], "in-crisis-care"))
        self._care.append(care.select(["bucket", "person_id", "index_date"]))

    def _is_newest(self, rows: pa.Table) -> pa.ChunkedArray:
        """Which rows stand on the newest day; of outcomes that follow an event, all recent days are the present."""
        days = self.asked.indexes
        newest = days if self.asked.outcome.index == "day" else days[:1]
        return pc.is_in(rows["index_date"], pa.array(newest, pa.date32()))

    def score(self, people: pa.Table, matrix: Matrix) -> None:
        """Score a bucket's people at risk."""
        odds, variance = self._model.log_odds_and_variance(matrix)
        interval = self._calibration.interval(odds, variance)
        # Sums over many rows differ in their last digits with the number of rows; ranks must not.
        risk, lower, upper = (np.round(each, RISK_DECIMALS) for each in (self._calibration.risk(odds), *interval))
        columns = people.select(["bucket", "person_id", "index_date", "sources"])
        figures = {"risk": risk, "risk_lower": lower, "risk_upper": upper, "points": count_points(self._points, matrix)}
        for name, values in figures.items():
            columns = columns.append_column(name, pa.array(values))
        columns = columns.append_column("inputs", pa.array(_digests(matrix.values)))
        self._parts.append(columns)
        self._watch(people, matrix, risk)
        places = self._rows + np.arange(len(risk))
        self._rows += len(risk)
        self._names = matrix.names
        may = pc.is_in(people["index_date"], pa.array(self.asked.indexes, pa.date32())).to_numpy(zero_copy_only=False)
        self._kept.append((places[may], self._lists(people)[may], risk[may], matrix.values[may]))
        self._prune()

    def _watch(self, people: pa.Table, matrix: Matrix, risk: NDArray[np.float64]) -> None:
        described = (self.asked.stored or {}).get("watch", {}).get("inputs")
        if described is None:
            return
        now = self._is_newest(people).to_numpy(zero_copy_only=False)
        found = count_bins(described, Matrix(matrix.names, matrix.values[now]), risk[now])
        counted = self._inputs
        self._inputs = found if counted is None else {name: counted[name] + found[name] for name in found}

    def _lists(self, people: pa.Table) -> NDArray[Any]:
        """Which list each person is ranked on: a day's; outcomes that follow an event have one for all recent days."""
        days = people["index_date"].cast(pa.int32()).to_numpy()
        return np.zeros_like(days) if self.asked.outcome.index == "day" else days

    def _prune(self) -> None:
        """Keep the features of those only who may still be among the highest ranks."""
        places, lists, risk, values = (np.concatenate(each) for each in zip(*self._kept, strict=True))
        most = self.asked.outcome.explained
        may = np.ones(len(risk), bool)
        for each in np.unique(lists) if most else ():
            on_it = lists == each
            if on_it.sum() > most:
                may[on_it] = risk[on_it] >= np.partition(risk[on_it], -most)[-most]
        self._kept = [(places[may], lists[may], risk[may], values[may])]

    def rank(self) -> None:
        """Rank everybody scored, and settle who is explained."""
        if not self._parts:
            return
        people = pa.concat_tables(self._parts).combine_chunks()
        self._parts = []
        by_day, by_risk = ("index_date", "ascending"), ("risk", "descending")
        firsts = [by_risk, by_day] if self.asked.outcome.index == "day" else [by_day, by_risk]
        order = pc.sort_indices(people, sort_keys=[*firsts, ("person_id", "ascending")]).to_numpy()
        lists = self._lists(people)[order]
        begins = np.flatnonzero(np.diff(lists, prepend=lists[:1] - 1))
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order))) + 1
        self._ranked = people.append_column("rank", pa.array(ranks))
        most = self.asked.outcome.explained
        places = self._kept[0][0]
        chosen = ranks[places] <= most if most else np.ones(len(places), bool)
        self._explained = places[chosen]
        self._kept = [tuple(each[chosen] for each in self._kept[0])]  # type: ignore[list-item]

    def choose(self) -> pa.Table:
        """Choose the reasons of those explained; their `bucket`, `person_id` and `index_date`."""
        outcome, stored = self.asked.outcome, self.asked.stored
        if self._ranked is None or stored is None or not len(self._explained):
            return _NOBODY
        matrix = Matrix(self._names, self._kept[0][3])
        parts = take_apart(self._model, self._calibration, matrix)
        self.reasons = choose_reasons(outcome.features, stored["usual"], parts, matrix)
        self._kept = []
        return self._ranked.select(["bucket", "person_id", "index_date"]).take(pa.array(self._explained))

    def close(self) -> Scored:
        """What it all came to."""
        care = pa.concat_tables(self._care) if self._care else _NOBODY
        if self._ranked is None:
            people = _NOBODY
        else:
            text = np.full(self._ranked.num_rows, -1, np.int64)
            text[self._explained] = np.arange(len(self._explained))
            told = pa.array(self.texts, pa.string()).take(pa.array(text, mask=text < 0))
            people = self._ranked.append_column("reasons", told)
        return Scored(people, care, self._counts, self._inputs)


def _digests(values: NDArray[np.float32]) -> list[str]:
    """Digest of each row, so that it can be told later whether a score was of these very inputs."""
    rows = np.ascontiguousarray(values, dtype="<f4")
    return [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in rows]


_NOBODY = pa.schema([("bucket", pa.int32()), ("person_id", pa.string()), ("index_date", pa.date32())]).empty_table()
