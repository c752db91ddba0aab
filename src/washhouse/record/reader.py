"""What may somebody with a grant read of the record?

Every read of a person's rows is decided and written to the audit before a row is handed out; a record that is opened
for one request notes each person once. One person's rows lie in one bucket, so that no other bucket's files are opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.tables import Table
from washhouse.core.views import View
from washhouse.governance.audit import AuditTrail, Detail, Together, cohort_hash
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission, may
from washhouse.governance.policies import TIES_TO_PEOPLE
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.rows import read_events, read_rows
from washhouse.record.scan import events_at, query, scan
from washhouse.record.tables import (
    ATTRITION,
    BATCH,
    CARE_RELATION,
    INDICATOR,
    PERSON,
    QUALITY,
    QUARANTINE,
    RELATION,
    RETIRED,
    SCORE,
    WATCH,
)
from washhouse.record.ties import Tie, tell_ties
from washhouse.record.views import VIEW_OF, read_view
from washhouse.sources.account import NOT_LISTED

MOST_HOPS = 100
"""Longest chain of retired ids that is followed."""


def open_record(store: Lake, version: Version, grant: Grant, audit: AuditTrail) -> Record:
    """Open a version of the record under a grant.

    Args:
        store: The record's tables.
        version: The version; every read comes from it.
        grant: Who asks, for what, about whom.
        audit: Where decisions are written before rows are handed out.
    """
    return Record(store, version, grant, audit)


def care_relation_facts(
    store: Lake, version: Version, *, worker: str | None = None, teams: Collection[str] = (), today: date
) -> frozenset[str]:
    """Who is in the care of a worker, or of any of some teams, today? Decides a grant before the record is opened.

    Args:
        store: The record's tables.
        version: The version.
        worker: Worker's local id.
        teams: Teams' local ids.
        today: The day on which the relation holds: from `since` (included) to `until` (excluded).

    Returns:
        Ids of people, and nothing else about them.
    """
    rows = query(
        f"""SELECT DISTINCT person_id FROM {scan(store, CARE_RELATION, version)}
            WHERE (worker = $worker OR list_contains($teams, team))
              AND since <= $today AND (until IS NULL OR until > $today)""",
        {"worker": worker, "teams": sorted(teams), "today": today},
    )
    return frozenset(rows.column("person_id").to_pylist())


class Dated(Protocol):
    """A published version, as much of it as says how new its data is."""

    @property
    def as_of(self) -> Mapping[str, date]:
        """Newest declared date of each source."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """Figures of the run."""


def covers_of(version: Dated) -> dict[str, date]:
    """Day up to which each source's data reaches: an extract made today may tell of last quarter only.

    Args:
        version: The version; one from before this was noted reaches to its declared dates.

    Returns:
        Day by source; a source that never sent a whole batch is not there.
    """
    noted = version.summary.get("covers")
    if noted is None:
        return dict(version.as_of)
    return {source: date.fromisoformat(day) for source, day in noted.items()}


class Record:
    """One version of the record, under one grant. Open one for each request.

    Args:
        store: The record's tables.
        version: The version; every read comes from it.
        grant: Who asks, for what, about whom.
        audit: Where decisions are written before rows are handed out.
    """

    def __init__(self, store: Lake, version: Version, grant: Grant, audit: AuditTrail) -> None:
        self.version = version
        self._store = store
        self._grant = grant
        self._audit = audit
        self._noted: dict[str, set[str]] = defaultdict(set)
        self._retired: dict[str, str] | None = None
        self._unnamed: dict[str, str] = {}

    def as_of(self) -> dict[str, date]:
        """Newest declared date of each source; about nobody, so open to everybody."""
        return dict(self.version.as_of)

    def covers(self) -> dict[str, date]:
        """Day up to which each source's data reaches; about nobody, so open to everybody."""
        return covers_of(self.version)

    @property
    def events_key(self) -> Hashable:
        """What stays the same as long as the events do: for what is worked out from them and held."""
        return str(self._store.root), *events_at(self.version)

    def resolve(self, person_id: str) -> str:
        """The id that a person has now: a retired one leads to the one that took over.

        Nothing is said about the person, so nothing is checked: what comes back may not exist.
        """
        retired = self._read_retired()
        for _ in range(MOST_HOPS):
            if person_id not in retired:
                break
            person_id = retired[person_id]
        return person_id

    def aliases(self, person_ids: Iterable[str]) -> dict[str, str]:
        """Every id that some people have or ever had, with the id that each has now.

        What the desk keeps stands under the id of its day. Nothing is said about a person, so nothing is checked.
        """
        wanted = set(person_ids)
        found = {old: now for old in self._read_retired() if (now := self.resolve(old)) in wanted}
        return found | {person_id: person_id for person_id in wanted}

    @property
    def view(self) -> View:
        """The view of people that the grant's purpose is served by."""
        return VIEW_OF[self._grant.purpose]

    def person_view(self) -> pa.Table:
        """Rows of `record.person_view` in the view of the grant's purpose: who is one with whom, and how surely.

        Whoever has no row there is a person of their own, as in the record.

        Raises:
            RefusedError: The grant does not cover the population.
        """
        self._allow(Action.READ_POPULATION, [])
        return read_view(self._store, self.version, self.view)

    def _read_retired(self) -> dict[str, str]:
        if self._retired is None:
            rows = self._store.read(RETIRED, self.version.tables["retired"])
            self._retired = dict(zip(rows["old"].to_pylist(), rows["new"].to_pylist(), strict=True))
        return self._retired

    def person(self, person_id: str) -> dict[str, Any]:
        """One person's row of `record.person`.

        Raises:
            RefusedError: The grant does not allow it.
            InputError: `no-such-person`: the record holds nobody of that id.
        """
        self._allow(Action.READ_PERSON, [person_id])
        rows = read_rows(self._store, self.version, PERSON, [person_id]).to_pylist()
        if not rows:
            raise InputError("no-such-person", "The record holds nobody of that id.", "It may have been retired.")
        found: dict[str, Any] = rows[0]
        return found

    def people(self, person_ids: Iterable[str]) -> pa.Table:
        """Rows of `record.person` of several people, by id.

        Raises:
            RefusedError: The grant does not cover all of them.
        """
        wanted = sorted(set(person_ids))
        self._allow(Action.READ_CASELOAD, wanted)
        return read_rows(self._store, self.version, PERSON, wanted)

    def events(self, person_id: str, since: datetime | None = None, until: datetime | None = None) -> pa.Table:
        """One person's rows of `record.event`, all states, in the table's order.

        Args:
            person_id: The person.
            since: Start of the window, included; facts without a time are then left out.
            until: End of the window, excluded.

        Raises:
            RefusedError: The grant does not allow it.
        """
        self._allow(Action.READ_PERSON, [person_id])
        rows = read_events(self._store, self.version, [person_id])
        if since is not None:
            rows = rows.filter(pc.greater_equal(rows["time"], pa.scalar(since, pa.timestamp("us"))))
        if until is not None:
            rows = rows.filter(pc.less(rows["time"], pa.scalar(until, pa.timestamp("us"))))
        return rows

    def events_of(self, person_ids: Iterable[str], families: Collection[str]) -> pa.Table:
        """Several people's rows of `record.event` of some families of codes, all states, in the table's order.

        Args:
            person_ids: The people.
            families: What codes begin with, up to their first `//`, e.g. `"MHS_CONTACT"`.

        Raises:
            RefusedError: The grant does not allow it for all of them.
        """
        wanted = sorted(set(person_ids))
        self._allow(Action.READ_PERSON, wanted)
        rows = read_events(self._store, self.version, wanted)
        codes = rows["code"].combine_chunks().dictionary_encode()
        of_families = [code.partition("//")[0] in families for code in codes.dictionary.to_pylist()]
        return rows.filter(pa.array(of_families, pa.bool_()).take(codes.indices))

    def note_events(self, person_ids: Iterable[str]) -> None:
        """Decide about several people's events now; the reads find them noted.

        Raises:
            RefusedError: The grant does not allow it for all of them.
        """
        self._allow(Action.READ_PERSON, sorted(set(person_ids)))

    def announce(self, person_id: str, together: Together) -> None:
        """Decide about a person's rows beside what else a page shows; once committed, the reads find them noted.

        Raises:
            RefusedError: The grant does not allow it.
        """
        action = Action.READ_PERSON
        noted = partial(self._noted[action].add, person_id)
        together.decide(self._grant, action, [person_id], detail={"record_version": self.version.id}, then=noted)

    def announce_relations(self, person_id: str, together: Together) -> None:
        """Decide about a person's ties beside what else a page shows; left out where the grant does not allow them."""
        action = Action.READ_RELATIONS
        if may(self._grant, action, person_id):
            noted = partial(self._noted[action].add, person_id)
            detail = self._about_ties(self._relation_rows(person_id))
            together.decide(self._grant, action, [person_id], detail=detail, then=noted)

    def relations(self, person_id: str) -> tuple[Tie, ...]:
        """One person's ties, by kind: what the grant's purpose may see, and of the other end what the grant covers.

        The audit says how many people stood at other ends, with the hash of who they were. They are not written down
        one by one: on their own pages that would tell whom they are tied to.

        Raises:
            RefusedError: The grant does not allow it.
        """
        action = Action.READ_RELATIONS
        rows = self._relation_rows(person_id) if may(self._grant, action, person_id) else []
        if person_id not in self._noted[action]:
            self._audit.authorise(self._grant, action, [person_id], detail=self._about_ties(rows))
            self._noted[action].add(person_id)
        return tell_ties(rows, self._grant, self._unnamed)

    def _relation_rows(self, person_id: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = read_rows(self._store, self.version, RELATION, [person_id]).to_pylist()
        return rows

    def _about_ties(self, rows: Iterable[Mapping[str, Any]]) -> Detail:
        others = {row["other"] for row in rows if row["kind"] in TIES_TO_PEOPLE}
        return {"record_version": self.version.id, "others": len(others), "others_sha256": cohort_hash(others)}

    def scores(self, person_ids: Iterable[str], model: str, index_dates: Collection[date] | None = None) -> pa.Table:
        """Rows of `record.score` of some people.

        Args:
            person_ids: The people.
            model: Outcome model.
            index_dates: Only these dates; None for all.

        Raises:
            RefusedError: The grant does not cover all of them.
        """
        wanted = sorted(set(person_ids))
        self._allow(Action.READ_CASELOAD, wanted)
        rows = read_rows(self._store, self.version, SCORE, wanted, model)
        if index_dates is None:
            return rows
        return rows.filter(pc.is_in(rows["index_date"], pa.array(sorted(index_dates), pa.date32())))

    def care_relations(
        self, person_ids: Iterable[str] | None = None, worker: str | None = None, team: str | None = None
    ) -> pa.Table:
        """Rows of `record.care_relation`, by person and first day.

        Args:
            person_ids: Only these people; None for all that the grant covers.
            worker: Only this worker's.
            team: Only this team's.

        Raises:
            RefusedError: The grant does not cover all of them.
        """
        covered = self._grant.persons
        if covered is None and person_ids is None:
            self._allow(Action.READ_POPULATION, [])
            return self._care({}, worker, team)
        wanted = sorted(set(covered or ()) if person_ids is None else set(person_ids))
        self._allow(Action.READ_CASELOAD, wanted)
        return self._care({"wanted": wanted}, worker, team)

    def batches(self) -> pa.Table:
        """Rows of `record.batch`: one per file landed.

        Raises:
            RefusedError: The grant does not allow it.
        """
        self._allow(Action.READ_FEEDS, [])
        return self._store.read(BATCH, self.version.tables["batch"])

    def quality(self) -> pa.Table:
        """Rows of `record.quality`: what every check came to.

        Raises:
            RefusedError: The grant does not allow it.
        """
        return self._aggregates(QUALITY, Action.READ_QUALITY, {})

    def watch(self) -> pa.Table:
        """Rows of `record.watch`: what is watched of the models and of what they look at.

        Raises:
            RefusedError: The grant does not allow it.
        """
        return self._aggregates(WATCH, Action.READ_QUALITY, {})

    def indicators(self, cohort: Mapping[str, Any]) -> pa.Table:
        """Rows of `record.indicator`.

        Args:
            cohort: What the version notes of those counted; the hash of who they are goes into the audit.

        Raises:
            RefusedError: The grant does not allow it.
        """
        return self._aggregates(INDICATOR, Action.READ_INDICATORS, cohort)

    def attrition(self, cohort: Mapping[str, Any]) -> pa.Table:
        """Rows of `record.attrition`; see `indicators`."""
        return self._aggregates(ATTRITION, Action.READ_COHORTS, cohort)

    def _aggregates(self, table: Table, action: Action, cohort: Mapping[str, Any]) -> pa.Table:
        """Rows of a table of aggregates, noted once each time; none in a version from before there were such."""
        detail: Detail = {"record_version": self.version.id, "table": table.name}
        noted = {name: cohort[name] for name in ("cohort_sha256",) if name in cohort}
        self._audit.authorise(self._grant, action, detail={**detail, **noted})
        number = self.version.tables.get(table.name)
        return arrow_schema(table).empty_table() if number is None else self._store.read(table, number)

    def quarantine(self, limit: int, offset: int = 0, source: str | None = None) -> pa.Table:
        """Rows of `record.quarantine`, the newest batch first; reasons, never values.

        Args:
            limit: Most rows wanted.
            offset: Rows to leave out before.
            source: Only this system's.

        Raises:
            RefusedError: The grant does not allow it.
        """
        self._allow(Action.READ_QUARANTINE, [])
        names = ", ".join(f'"{name}"' for name in QUARANTINE.column_names)
        rows = query(
            f"""SELECT {names} FROM {scan(self._store, QUARANTINE, self.version)}
                WHERE $source IS NULL OR source = $source
                ORDER BY batch DESC, source, file, "row", rule, "column" LIMIT $limit OFFSET $offset""",
            {"source": source, "limit": limit, "offset": offset},
        )
        return conform(QUARANTINE, rows)

    def quarantine_counts(self, source: str | None = None) -> pa.Table:
        """How many rows of `record.quarantine` there are, by source, severity and rule (`rows`).

        Beside them stands how often the rule was broken (`broken`): a file lists so many of its lines for one rule and
        column, and one further row says how many more there are.

        Raises:
            RefusedError: The grant does not allow it.
        """
        self._allow(Action.READ_QUARANTINE, [])
        return query(
            f"""SELECT source, severity, rule, count(*) AS rows,
                       CAST(sum(coalesce(try_cast(regexp_extract(reason, $not_listed, 1) AS BIGINT), 1)) AS BIGINT)
                           AS broken
                FROM {scan(self._store, QUARANTINE, self.version)}
                WHERE $source IS NULL OR source = $source
                GROUP BY source, severity, rule ORDER BY source, severity, rule""",
            {"source": source, "not_listed": NOT_LISTED},
        )

    def _allow(self, action: Action, person_ids: Sequence[str]) -> None:
        """Decide and note; who was already noted under this record for the same or more is not noted again."""
        if not person_ids:
            if not self._noted.get(action):
                self._audit.authorise(self._grant, action, detail={"record_version": self.version.id})
                self._noted[action].add("")
            return
        for person_id in person_ids:
            if person_id in self._noted[Action.READ_PERSON]:
                check_permission(self._grant, action, person_id)
        fresh = set(person_ids) - self._noted[action] - self._noted[Action.READ_PERSON]
        if fresh:
            self._audit.authorise(self._grant, action, fresh, detail={"record_version": self.version.id})
            self._noted[action] |= fresh

    def _care(self, params: dict[str, Any], worker: str | None, team: str | None) -> pa.Table:
        names = ", ".join(f'"{name}"' for name in CARE_RELATION.column_names)
        among = "list_contains($wanted, person_id) AND" if params else ""
        rows = query(
            f"""SELECT {names} FROM {scan(self._store, CARE_RELATION, self.version)}
                WHERE {among} ($worker IS NULL OR worker = $worker) AND ($team IS NULL OR team = $team)
                ORDER BY person_id, since, team NULLS FIRST, worker NULLS FIRST""",
            {**params, "worker": worker, "team": team},
        )
        return conform(CARE_RELATION, rows)
