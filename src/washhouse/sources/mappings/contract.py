"""What does a mapping declare: states to resolve, then SQL over them?

A mapping is data. Its SQL runs over temporary tables of states (`sources.delivery`), with the macros of
`sources.mappings.macros`. It speaks of `source_id`, the sender's own id of the person, never of a `person_id`:
whose record it is, linkage decides.
"""

from __future__ import annotations

from dataclasses import dataclass

EVENT_COLUMNS = (
    "source_id",
    "time",
    "end_time",
    "recorded_at",
    "recorded_assumed",
    "superseded_at",
    "code",
    "numeric_value",
    "unit",
    "text_value",
    "ref",
    "parent_ref",
    "team",
    "worker",
    "source_file",
    "source_row",
)
"""Columns that an event query gives, in this order; `record.tables.EVENT` says what they mean."""

CARE_COLUMNS = ("source_id", "team", "worker", "since", "until", "source_file", "source_row")
"""Columns that a care query gives; `record.tables.CARE_RELATION` says what they mean."""

STAFF_COLUMNS = ("worker", "staff_group")
"""Columns of the staff directory: worker's local id, `CareProfStaffGpMH` or null."""

TEAM_COLUMNS = ("team", "team_type", "age_group")
"""Columns of the team directory: team's local id, `ServTeamTypeMH` or null, `ServTeamIntAgeGroup` or null."""


@dataclass(frozen=True)
class States:
    """States of one table, to be resolved.

    Attributes:
        name: Name of the temporary table.
        table: Table of the source's contract.
        columns: Columns that make a state; a change in any other is none.
    """

    name: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """Tables that are held at one time, and the queries over them.

    Attributes:
        states: Tables of states, resolved first.
        derived: Further temporary tables, `(name, SQL)`, made in this order.
        queries: SELECTs with the columns that the stage is for.
        is_by_row: Whether each state of its one table tells an event by itself, at a time and with a code that the
            business key decides: a key never told before then adds its event and changes no other.
    """

    states: tuple[States, ...]
    queries: tuple[str, ...]
    derived: tuple[tuple[str, str], ...] = ()
    is_by_row: bool = False


@dataclass(frozen=True)
class Trace:
    """How the rows of one table lead to the people whose record they make.

    A table without a trace belongs to the people of its `parent`; without a parent to everybody.

    Attributes:
        table: Table of the source's contract.
        person: Its column with the sender's own id of the person.
        together: Column that things share which are told together, as the episodes of a stay are; empty if none are.
    """

    table: str
    person: str
    together: str = ""


@dataclass(frozen=True)
class Mapping:
    """What one sending system's tables mean.

    Attributes:
        source: Sending system.
        identities: Stages whose queries give IDENTITY's columns after `source`, one row per `source_id` over all.
        events: Stages whose queries give `EVENT_COLUMNS`.
        care: Stage whose queries give `CARE_COLUMNS`; None if the system names no team or worker.
        staff: Stage whose queries give `STAFF_COLUMNS`.
        teams: Stage whose queries give `TEAM_COLUMNS`.
        practices: Stage whose queries give `source_id, practice, since, until`.
        carers: Stage whose queries give `source_id, cared_for, since`: who cares for whom, both the sender's ids.
        services: Stage whose queries give `source_id, service, since, until`; a service is a code of an event.
        communal: Stage whose queries give `source_id`: who is said to live in a communal place now.
        traces: How rows of its tables lead to people, so that a change need not concern everybody; empty: it does.
    """

    source: str
    identities: tuple[Stage, ...]
    events: tuple[Stage, ...]
    care: Stage | None = None
    staff: Stage | None = None
    teams: Stage | None = None
    practices: Stage | None = None
    carers: Stage | None = None
    services: Stage | None = None
    communal: Stage | None = None
    traces: tuple[Trace, ...] = ()

    @property
    def tables(self) -> frozenset[str]:
        """Tables of the contract that the mapping reads."""
        optional = (self.care, self.staff, self.teams, self.practices, self.carers, self.services, self.communal)
        stages = (*self.identities, *self.events, *(stage for stage in optional if stage is not None))
        return frozenset(states.table for stage in stages for states in stage.states)
