"""Who was who on a past day, and what changed it? By opaque ids; no value of a record is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.responses import Response

from washhouse.core.errors import InputError
from washhouse.record.link_history import Change, PersonHistory, RecordHistory, parse_day, read_history
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

CAUSES = {
    "founded": "founded the person",
    "linked": "linked by the run",
    "pseudonym": "joined by its pseudonym",
    "merged": "came with a merge",
    "split": "came with a split",
    "steward": "a steward decided",
    "assigned": "given before it landed",
}
"""Why a stay began, in words."""
EVENTS = {"merge": "Merged", "split": "Split", "un-merge": "Taken apart", "assign": "Record assigned"}
"""What changed people, in words."""
ERRORS = {"history-unknown": ("id", "Nobody ever had that id"), "history-day": ("on", "Write the day as YYYY-MM-DD")}
"""Which field of the form an error is about, and what it says there."""
RUN = "run"


@dataclass(frozen=True)
class Who:
    """A person as the page names one: by the beginning of the id, the whole of it in the address."""

    person_id: str
    same: bool

    @property
    def short(self) -> str:
        """Beginning of the id."""
        return self.person_id[:8]


@dataclass(frozen=True)
class RecordLine:
    """One record as shown."""

    key: str
    title: str
    lane: str
    then: Who | None
    now: Who | None
    since: datetime
    cause: str
    stays: int


@dataclass(frozen=True)
class ChangeLine:
    """One change as shown."""

    at: datetime
    event: str
    actor: str
    reason: str
    version: str
    before: tuple[Who, ...]
    after: tuple[Who, ...]


@dataclass(frozen=True)
class Told:
    """A history as shown."""

    person_id: str
    gave_way: str
    on: date
    records: tuple[RecordLine, ...]
    changes: tuple[ChangeLine, ...]


@dataclass(frozen=True)
class Form:
    """The form as shown."""

    id: str = ""
    on: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def show_history(visit: Visit) -> Response:
    """Show the form; with a person or a record in the address, its history."""
    person, record, on = visit.query("person"), visit.query("record"), visit.query("on")
    asked = visit.query("id") or person or record
    form = Form(asked, on)
    read = visit.published.link_history
    if not asked or read is None:
        return answer_with(visit, form, None, kept=read is not None)
    services = visit.services
    try:
        day = parse_day(on) if on else services.today()
        found = read_history(
            read(),
            visit.grant,
            services.audit,
            on=day,
            now=services.now(),
            person="" if record else asked,
            record=record,
        )
    except InputError as problem:
        name, words = ERRORS[problem.code]
        return answer_with(visit, Form(asked, on, {name: words}), None, status=400)
    return answer_with(visit, form, build_told(found))


def build_told(found: PersonHistory) -> Told:
    """Put a history into words."""
    return Told(
        person_id=found.person_id,
        gave_way=found.asked if found.asked != found.person_id else "",
        on=found.on,
        records=tuple(_record(each, found.person_id) for each in found.records),
        changes=tuple(_change(each, found.person_id) for each in found.changes),
    )


def _record(record: RecordHistory, person: str) -> RecordLine:
    last = record.stays[-1]
    return RecordLine(
        key=record.record_key,
        title=source_title(record.source),
        lane=source_lane(record.source),
        then=_who(record.then, person),
        now=_who(record.now, person),
        since=last.since,
        cause=CAUSES.get(last.cause, last.cause),
        stays=len(record.stays),
    )


def _change(change: Change, person: str) -> ChangeLine:
    def people(ids: Sequence[str]) -> tuple[Who, ...]:
        return tuple(Who(each, each == person) for each in ids)

    return ChangeLine(
        at=change.at,
        event=EVENTS.get(change.event, change.event),
        actor="the run" if change.actor == RUN else change.actor,
        reason=change.reason,
        version=change.version,
        before=people(change.before),
        after=people(change.after),
    )


def _who(person_id: str | None, person: str) -> Who | None:
    return None if person_id is None else Who(person_id, person_id == person)


def answer_with(visit: Visit, form: Form, told: Told | None, *, kept: bool = True, status: int = 200) -> Response:
    """Render the page."""
    return render(visit, "steward/link_history.html", status=status, form=form, told=told, kept=kept)
