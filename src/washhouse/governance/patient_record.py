"""Where does the electronic patient record of a person open? The one way by which a sender's own id leaves the vault.

The id leaves it inside an address of the configured system and nowhere else: no page, error, log or audit holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import HomeError
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.reveal import VaultTables

PLACE = "{local_id}"
"""What stands in an address where the id goes."""

_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.IGNORECASE)
_KEY = ["source", "source_id"]


def address_fault(template: str) -> str:
    """What keeps a template from being an address of a patient record; empty if nothing does.

    >>> address_fault("https://epr.example/patients/{local_id}"), address_fault("http://epr.example/?id={local_id}")
    ('', 'an address that begins with https:// and a plain host name is needed')
    """
    scheme, _, rest = template.partition("://")
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if not _ORIGIN.fullmatch(f"{scheme}://{host}"):
        return "an address that begins with https:// and a plain host name is needed"
    if template.count(PLACE) != 1 or re.search(r"[{}]", template.replace(PLACE, "")):
        return f"{PLACE} is needed once, after the host, and no other braces"
    if not template.isascii() or not template.isprintable() or re.search(r"[\s\\\"<>]", template):
        return "an address of plain characters without spaces is needed"
    return ""


def origin_of(template: str) -> str:
    """Scheme and host of an address, as a content security policy names them.

    >>> origin_of("https://epr.example:8443/patients/{local_id}?tab=summary")
    'https://epr.example:8443'
    """
    parts = urlsplit(template)
    return f"{parts.scheme}://{parts.netloc}"


class LocalIds:
    """One sender's own id of each of its people. Hand it to `open_patient_record`; it answers nobody else.

    Of several records of one person the one that the sender showed last counts. A pseudonym opens no record.

    Args:
        identity: `vault.identity`: `source, source_id, identity_kind, last_seen`; one row per source record.
        membership: `vault.membership`: `source, source_id, person_id, valid_to`; rows with `valid_to` are past.
        source: The sender.
    """

    def __init__(self, identity: pa.Table, membership: pa.Table, source: str) -> None:
        own = pc.and_(pc.equal(identity["source"], source), pc.equal(identity["identity_kind"], "clear"))
        current = pc.and_(pc.equal(membership["source"], source), pc.is_null(membership["valid_to"]))
        rows = identity.filter(own).select([*_KEY, "last_seen"])
        rows = rows.join(membership.filter(current).select([*_KEY, "person_id"]), _KEY, join_type="inner")
        order = [("person_id", "ascending"), ("last_seen", "descending"), ("source_id", "ascending")]
        rows = rows.sort_by(order).combine_chunks()
        person = np.asarray(rows["person_id"].to_numpy(zero_copy_only=False), dtype="S32")
        first = np.r_[True, person[1:] != person[:-1]] if len(person) else np.empty(0, dtype=bool)
        self._person = person[first]
        self._local = rows["source_id"].filter(pa.array(first))

    def __len__(self) -> int:
        return len(self._person)

    def __repr__(self) -> str:
        return f"LocalIds({len(self)} people)"

    def _find(self, person_id: str) -> str | None:
        wanted = np.bytes_(person_id.encode())
        at = int(np.searchsorted(self._person, wanted))
        if at == len(self._person) or self._person[at] != wanted:
            return None
        return str(self._local[at].as_py())


def read_local_ids(vault: VaultTables, generations: Mapping[str, str], source: str) -> LocalIds:
    """Read one sender's ids of one published version.

    Raises:
        HomeError: `vault-generation-missing`: the version names no identity or membership table.
    """
    if not {"identity", "membership"} <= generations.keys():
        raise HomeError("vault-generation-missing", "The published version names no identities.", "Run again.")
    return LocalIds(
        vault.read("identity", generations["identity"], [*_KEY, "identity_kind", "last_seen"]),
        vault.read("membership", generations["membership"], [*_KEY, "person_id", "valid_to"]),
        source,
    )


def open_patient_record(
    grant: Grant, person_id: str, local_ids: LocalIds, template: str, audit: AuditTrail, now: datetime
) -> str | None:
    """Return the address at which a person's record opens, after the decision is safe in the audit.

    Args:
        grant: Who asks.
        person_id: The person.
        local_ids: The ids of the system that opens.
        template: Its address, with `{local_id}`.
        audit: Where the decision is written first.
        now: The present moment, UTC.

    Returns:
        The address with the id quoted; None if the system does not know the person.

    Raises:
        RefusedError: `grant-expired` or `not-permitted`.
        HomeError: `audit-unwritable`: nothing is opened.
    """
    audit.authorise(grant, Action.OPEN_PATIENT_RECORD, [person_id], at=now)
    local_id = local_ids._find(person_id)
    # A browser reads a lone dot, or two, as a step up the path, quoted or not.
    if local_id is None or not local_id.strip(". "):
        return None
    return template.replace(PLACE, quote(local_id, safe=""))
