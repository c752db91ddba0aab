"""How is a set of FHIR resources a batch like any other?

It is one batch of changes of the source `fhir`: what is sent again takes the place of itself, and what is not sent
again stays. Its name is the day by which it is judged, with the sender's name where one was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from washhouse.core.errors import InputError
from washhouse.pipeline.inbox import Batch, Inbox, describe_file, label_batches, unreadable
from washhouse.sources.content import Content
from washhouse.sources.contract import SourceSpec
from washhouse.sources.fhir.contract import EVENT, SPEC
from washhouse.sources.fhir.files import find_resources
from washhouse.sources.fhir.read import read_set
from washhouse.sources.fhir.survey import Survey, survey_set
from washhouse.sources.reader import KnownParents
from washhouse.sources.result import BatchResult

_SENDER = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


@dataclass
class ResourceSet:
    """A set of resources at a path.

    Attributes:
        path: A file, or a folder of them.
        sender: Name of the server that they come from, empty for the only one.
        as_of: The day by which the set is judged, None for its own.
        survey: What its resources are known by, once it was found.
    """

    path: Path
    sender: str = ""
    as_of: date | None = None
    survey: Survey = field(default_factory=Survey)

    def find(self, landed: Iterable[str]) -> Inbox:
        """Find its files, as an inbox with one batch, or with none if it was landed before.

        Raises:
            InputError: `fhir-not-found`: there is no file of resources. `fhir-sender`: the sender's name is none.
                `inbox-unreadable`: a folder or file of it may not be read.
        """
        if self.sender and not _SENDER.fullmatch(self.sender):
            raise InputError(
                "fhir-sender",
                "The sender's name must be lower-case letters, digits and hyphens, at most 31.",
                "Use one name for a server, and always the same.",
            )
        try:
            found = find_resources(self.path)
            files = tuple(describe_file(name, file) for name, file in sorted(found.items()))
            self.survey = survey_set(self.path)
        except OSError as error:
            raise unreadable(error) from error
        day = self.as_of or self.survey.day
        name = "-".join(part for part in (day.isoformat(), self.sender, "delta") if part)
        fresh = label_batches([Batch(SPEC.name, name, day, files)], landed)
        return Inbox(fresh, 1 - len(fresh))

    def read(
        self,
        spec: SourceSpec,
        batch: Batch,
        files: Mapping[str, Content],
        known: KnownParents | None,
        provider: str | None,
    ) -> BatchResult:
        """Read it, for `pipeline.landing`; what earlier sets sent of people is known."""
        patients = (known or {}).get(EVENT.parent, []) if EVENT.parent else []
        return read_set(
            self.path,
            self.survey,
            day=batch.declared,
            batch=batch.label,
            sender=self.sender,
            known=[key.as_py() for key in patients],
        )
