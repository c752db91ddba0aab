"""What does the web application need to be handed? Built by the command line, never by a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from washhouse.core.home import Home, Settings
from washhouse.desk.accounts import Account
from washhouse.desk.clock import utc_now
from washhouse.desk.database import Desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant

if TYPE_CHECKING:
    from washhouse.governance.patient_record import LocalIds
    from washhouse.governance.record_reveal import RecordIndex
    from washhouse.governance.reveal import IdentityIndex
    from washhouse.pipeline.identifying import Identifier
    from washhouse.record.link_history import LinkHistory
    from washhouse.record.link_review import LinkReview
    from washhouse.record.reader import Record


def nothing_refused() -> Mapping[str, Any] | None:
    """Nothing was refused since the published version."""
    return None


def nobody_in_care(teams: frozenset[str], day: date) -> frozenset[str]:
    """Nobody is in the care of a team."""
    return frozenset()


@dataclass(frozen=True)
class EarlierVersion:
    """A version that was published and is still kept, as far as pages tell of it.

    Attributes:
        id: Its name.
        published_at: When, naive UTC.
        summary: Figures of its run.
    """

    id: str
    published_at: datetime
    summary: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Published:
    """One published version, pinned: every part of a page comes from the same one.

    Attributes:
        id: Name of the version.
        published_at: When, naive UTC.
        as_of: Newest declared date of each source; how far its data reaches is `record.reader.covers_of`.
        models: Version of each model that scored.
        summary: Figures of the run that pages show (`linkage`, `record`, ...).
        open_record: Opens this version's record under a grant.
        identities: The vault's identities of this version, for `reveal` only.
        in_care_of: Who is in the care of any of some teams on a day, by id; decides a crisis clinician's grant.
        local_ids: The ids of the system whose patient record opens, for `open_patient_record` only; None where none
            does.
        history: Reads the versions that are kept, this one last.
        refused: Reads what the limits of linkage refused since this version, see `pipeline.gate`.
        quality_refused: Reads what the limits of data quality refused since this version.
        link_review: Questions about links; None where the version has none.
        review_records: The records that they are about, for `reveal_records` only.
        link_history: Reads who was who and what changed it, for `read_history` only; None where the version keeps none.
    """

    id: str
    published_at: datetime
    as_of: Mapping[str, date]
    models: Mapping[str, str]
    summary: Mapping[str, Any] = field(repr=False)
    open_record: Callable[[Grant], Record] = field(repr=False)
    identities: IdentityIndex = field(repr=False)
    in_care_of: Callable[[frozenset[str], date], frozenset[str]] = field(default=nobody_in_care, repr=False)
    local_ids: LocalIds | None = field(default=None, repr=False)
    history: Callable[[], Sequence[EarlierVersion]] = field(default=tuple, repr=False)
    refused: Callable[[], Mapping[str, Any] | None] = field(default=nothing_refused, repr=False)
    quality_refused: Callable[[], Mapping[str, Any] | None] = field(default=nothing_refused, repr=False)
    link_review: LinkReview | None = field(default=None, repr=False)
    review_records: RecordIndex | None = field(default=None, repr=False)
    link_history: Callable[[], LinkHistory] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Services:
    """Everything the pages use, and nothing they find for themselves.

    Attributes:
        home: The home that is served.
        settings: What its deployer chose; `session_minutes` ends idle sessions.
        desk: The open desk.
        audit: The one audit trail of this process.
        published: The version that is current now, None before the first run. Called once a request, so it must be
            quick: read the pointer, rebuild only when the version has changed.
        session_secret: At least 32 bytes that nobody can guess, the same in every process that serves the home.
        today: The day that pages count from. The demonstration takes the newest as-of date.
        now: The present moment, naive UTC.
        demo: Offer the demonstration sign-in and show its banner.
        demo_users: The demonstration's users, a role each, chosen once when it starts; without, each sign-in looks
            for them.
        brand: Name shown at the top.
        identifier: Who answers for single records; None where nobody does.
    """

    home: Home
    settings: Settings
    desk: Desk
    audit: AuditTrail
    published: Callable[[], Published | None]
    session_secret: bytes = field(repr=False)
    today: Callable[[], date]
    now: Callable[[], datetime] = utc_now
    demo: bool = False
    demo_users: tuple[Account, ...] = ()
    brand: str = "washhouse"
    identifier: Identifier | None = None
