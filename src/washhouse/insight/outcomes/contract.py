"""What is an outcome model?

It is declared, not programmed: whom it is for and from which day, what counts and for how long, what it may look at,
which algorithms compete and which gates the winner must pass. The machinery in `insight.models` does the rest.

The population is SQL over `event`, `person`, `codelist` and `index_date` (the days to index). It gives one row per
person and index day under `POPULATION_COLUMNS` and the outcome's own `facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from washhouse.core.tables import Column
from washhouse.insight.codelists import Codelist
from washhouse.insight.features.contract import Feature
from washhouse.insight.models.points import PointItem
from washhouse.record.kernels import Kernel

Algorithm = Literal["points", "logistic", "boosted"]

IndexRule = Literal["month", "quarter", "year", "day"]
"""When a person is looked at in the past. `month`: on the first Monday after each month's first submission; `quarter`:
on every third of these, `year`: on every twelfth; `day`: on any day, when the event that the population names
happens."""

POPULATION_COLUMNS = (
    Column("index_date", "date", "Day at whose start the features hold", nullable=False),
    Column("person_id", "string", "Whom it concerns", nullable=False),
    Column("bucket", "int32", "Person bucket", nullable=False),
    Column("birth_month", "date", "First day of the month of birth"),
    Column("sex", "string", "As in `record.person`"),
    Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
    Column("ethnic_category", "string", "As in `record.person`"),
    Column("small_area", "string", "LSOA code: localities are runs of them"),
    Column("practice", "string", "GP practice: the place of the place split"),
    Column("status", "string", "`at-risk`, `in-crisis-care` (listed, never scored) or `not-eligible`", nullable=False),
    Column("outcome_at", "timestamp", "When the outcome happened, if it did in the horizon"),
)

PERSON_COLUMNS_SQL = (
    """p."bucket", p."birth_month", p."sex", p."deprivation_decile", p."ethnic_category", p."small_area", """
    """p."practice\""""
)
"""The columns of `person` as `p` that every population carries."""


@dataclass(frozen=True)
class Words:
    """What only words can say about an outcome model, for the model record and the card.

    Attributes:
        purpose: What it is for, and who decides.
        population: Whom it is for.
        outcome: What counts, in which time.
        out_of_scope: What it must never be used for.
        limitations: What it does not know.
        things: What is counted, plural, e.g. `crises`.
    """

    purpose: str
    population: str
    outcome: str
    out_of_scope: tuple[str, ...]
    limitations: tuple[str, ...]
    things: str


@dataclass(frozen=True)
class Outcome:
    """One outcome model, declared.

    Attributes:
        name: Kebab-case name, in scores, commands and the folder of models.
        title: In words, with the horizon.
        source: Sending system whose submissions make history, and whose newest date is the present.
        index: When a person is looked at.
        horizon_days: Days from the index in which the outcome counts.
        washout_days: Days between the last outcome day of one part of time and the first index of the next.
        population_sql: Whom it concerns, with outcome, see the module.
        codelists: The codes that it joins to as `codelist`.
        features: What the models may look at, all strictly before the index.
        items: The points list.
        words: For people.
        linear_features: Those of them that the logistic model sees; all, unless given.
        facts: Columns of the population beyond the common ones.
        recent_days: Days before the present on which the newest scores stand (`day` only).
        earlier_days: Days to a second set of scores, so that a list can say what changed; 0 for none.
        history_weeks: Weeks of scores that stay in the record, one a week; 0 for none.
        stands_days: Days for which the newest scores stand: a run within them hands them on; 0 for none.
        most_people: A record of more people than this gives a model a sample of so many by id, the same on every day.
        test_share: Share of the index dates, the latest, that is the test.
        calibration_share: Share of the index dates, the latest before the test, that calibrates.
        explained: Highest ranks that get reasons; 0 for all.
        algorithms: The candidates, simplest first.
    """

    name: str
    title: str
    source: str
    index: IndexRule
    horizon_days: int
    washout_days: int
    population_sql: str
    codelists: tuple[Codelist, ...]
    features: tuple[Feature, ...]
    items: tuple[PointItem, ...]
    words: Words
    linear_features: tuple[Feature, ...] = ()
    facts: tuple[Column, ...] = ()
    recent_days: int = 0
    earlier_days: int = 0
    history_weeks: int = 0
    stands_days: int = 0
    most_people: int = 200_000
    test_share: float = 0.3
    calibration_share: float = 0.15
    explained: int = 0
    algorithms: tuple[Algorithm, ...] = ("points", "logistic", "boosted")

    @property
    def population(self) -> Kernel:
        """The kernel that gives the population of a bucket."""
        return Kernel(f"{self.name}-population", self.population_sql, (*POPULATION_COLUMNS, *self.facts))


SUBMITTED = Kernel(
    name="submitted",
    sql="""
        SELECT "source", CAST("recorded_at" AS DATE) AS "day", count(*) AS "events" FROM "event"
        WHERE NOT "recorded_assumed" GROUP BY ALL ORDER BY "source", "day" """,
    columns=(
        Column("source", "string", "Sending system", nullable=False),
        Column("day", "date", "Day on which something was submitted", nullable=False),
        Column("events", "int64", "States of events that were submitted", nullable=False),
    ),
    inputs=("event",),
)
PEOPLE = Kernel(
    name="people",
    sql='SELECT count(*) AS "people" FROM "person"',
    columns=(Column("people", "int64", "People", nullable=False),),
    inputs=("person",),
)
