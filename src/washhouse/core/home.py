"""Where does a home keep what it holds?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FIRST_BUCKETS = 2
"""Person buckets of a record that nobody asked a number for."""


@dataclass(frozen=True)
class Home:
    """The folders and files of one home. Nothing outside `vault` holds an identifier."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """`washhouse.toml`: what the deployer chose."""
        return self.root / "washhouse.toml"

    @property
    def current(self) -> Path:
        """`CURRENT`: the pointer that names the published version."""
        return self.root / "CURRENT"

    @property
    def sources(self) -> Path:
        """`sources/NAME.toml`: sources that the site declares."""
        return self.root / "sources"

    @property
    def lake(self) -> Path:
        """Delta tables, one folder each."""
        return self.root / "lake"

    @property
    def vault(self) -> Path:
        """Identities, links, landed files and raw quarantined rows; every file encrypted."""
        return self.root / "vault"

    @property
    def spill(self) -> Path:
        """What engines spill to disk; inside the vault, emptied at the start and the end of a run."""
        return self.vault / "spill"

    @property
    def desk_file(self) -> Path:
        """The desk's SQLite file, unless a URL is set."""
        return self.root / "desk.db"

    @property
    def models(self) -> Path:
        """Fitted models with their records."""
        return self.root / "models"

    @property
    def log(self) -> Path:
        """Logs; no identifiers."""
        return self.root / "log"


@dataclass(frozen=True)
class LinkageLimits:
    """How sure links are made, and how good they must be to be published: the table `[linkage]` of the settings.

    Attributes:
        gate: `"warn"` says what is over a limit and publishes; `"stop"` refuses to publish.
        max_false_links: Share of the linked pairs that may be expected to be wrong; 0 for any. So for the next two.
        max_missed_links: Share of the true pairs that may be expected to be missed.
        max_group_ratio: How many times the rest's rate a group's may be, even at the lower 95 % limit of the ratio.
        refit_growth: Share by which records may grow before the linkage model is fitted anew.
        strict_false_links: Share of the strict view's links that may be expected to be wrong.
        lenient_missed_links: Share of the true links that the lenient view may be expected to miss.
    """

    gate: Literal["warn", "stop"] = "warn"
    max_false_links: float = 0.02
    max_missed_links: float = 0.25
    max_group_ratio: float = 5.0
    refit_growth: float = 0.5
    strict_false_links: float = 0.002
    lenient_missed_links: float = 0.005


@dataclass(frozen=True)
class QualityLimits:
    """How good data must be to be published: the table `[quality]` of the settings.

    Attributes:
        gate: `"warn"` says what is over a limit and publishes; `"stop"` refuses to publish.
        limits: Limit by check, where it is not the check's own; see `record.quality.registry`.
    """

    gate: Literal["warn", "stop"] = "warn"
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PatientRecord:
    """Where the sending system's own record of a person opens: the table `[patient_record]` of the settings.

    Attributes:
        url: Its https address, `{local_id}` where the sender's id of the person goes; empty for no such link.
        source: The sending system whose ids they are.
    """

    url: str = ""
    source: str = "mental_health"


@dataclass(frozen=True)
class Settings:
    """What a deployer may choose for one home.

    Attributes:
        buckets: Number of person buckets of the record, up to 4096 (about 2.2M events each); 0 for as many as the
            published version has, `FIRST_BUCKETS` at first.
        threads: Threads an engine may use, 0 for all.
        memory_limit: Memory an engine may use before it spills, e.g. `"4GB"`.
        keep_versions: Published versions kept readable.
        desk_url: SQLAlchemy URL of the desk; empty for SQLite inside the home.
        key_file: File that holds the vault's master key; empty for `vault/master.key`.
        session_minutes: Minutes without a request after which a web session ends.
        engine: Who computes: empty for this process, else the address of a Spark cluster, e.g. `spark://host:7077`,
            or `local[2]` for Spark on this machine.
        linkage: How good a linkage must be to be published.
        quality: How good data must be to be published.
        patient_record: Where the sending system's own record of a person opens.
        invented: Whether the people are invented, so that every figure of a model says so.
    """

    buckets: int = 0
    threads: int = 0
    memory_limit: str = "4GB"
    keep_versions: int = 10
    desk_url: str = ""
    key_file: str = ""
    session_minutes: int = 30
    engine: str = ""
    linkage: LinkageLimits = LinkageLimits()
    quality: QualityLimits = QualityLimits()
    patient_record: PatientRecord = PatientRecord()
    invented: bool = False
