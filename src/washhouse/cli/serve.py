"""`washhouse serve`: the pages of a home."""

from __future__ import annotations

import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, lru_cache, partial
from typing import Annotated, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import typer
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from washhouse.cli.options import DeskUrl, HomeThere, KeyFile
from washhouse.cli.progress import waiting
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, WashhouseError
from washhouse.core.home import Home, PatientRecord, Settings
from washhouse.desk.accounts import (
    Account,
    demo_crisis_clinician,
    demo_manager,
    demo_planner,
    demo_researcher,
    end_demo,
    ensure_demo_users,
)
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.desk.sessions import end_sessions
from washhouse.governance.audit import AuditTrail
from washhouse.governance.keys import load_master_key
from washhouse.governance.patient_record import LocalIds, read_local_ids
from washhouse.governance.policies import CRISIS_TEAM_TYPES
from washhouse.governance.record_reveal import read_record_index
from washhouse.governance.reveal import read_index
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, history, pointer_stamp, read_current
from washhouse.lake.readers import pin_current
from washhouse.lake.store import Lake
from washhouse.pipeline.coverage import newest_day
from washhouse.pipeline.gate import LINKAGE, QUALITY, read_refused
from washhouse.pipeline.identifying import Identifier
from washhouse.record.link_history import read_link_history
from washhouse.record.link_review import read_link_review
from washhouse.record.reader import care_relation_facts, open_record
from washhouse.record.rows import read_ahead
from washhouse.record.tables import PERSON
from washhouse.sources.registry import SPECS
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import EarlierVersion, Published, Services
from washhouse.web.shell.sharing import SharedConnections

MOST_LENT = 200
"""Imported people that a demonstration's clinician is lent at most."""


def serve(
    home: HomeThere,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Offer demo users; today is the newest as-of date.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that answer; each holds its own indexes.", min=1, max=64)] = 1,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Serve a home's pages in the browser until stopped.

    Example: washhouse serve --home home --demo
    """
    where = Home(home)
    settings = read_settings(where, key_file=key_file, desk_url=desk_url)
    with waiting("opening the home"):
        services = build_services(where, settings, demo=demo)
    try:
        end_sessions(services.desk)
        if demo:
            services = replace(services, demo_users=lend_people(services))
        build = partial(build_app, where, settings, demo, services.demo_users, workers > 1)
        config = uvicorn.Config(build, host=host, port=port, workers=workers, **_SERVER)
        here = bind(config)
        typer.echo(f"http://{host}:{here.getsockname()[1]}")
        if demo:
            typer.secho("Invented people - not for clinical use. Sign in as:", fg="yellow")
            for account in services.demo_users:
                typer.echo(f"  {account.username}  ({account.role}, {account.display_name})")
        listen(config, here)
    finally:
        services.desk.close()


_SERVER: dict[str, Any] = {
    "factory": True,
    "log_level": "warning",
    "server_header": False,
    # A worker that builds its indexes may answer nothing else for a while; it is not dead.
    "timeout_worker_healthcheck": 120,
}


def bind(config: uvicorn.Config) -> socket.socket:
    """Bind the socket that requests come to.

    An answer goes out in two parts, head and body. Left to itself TCP keeps the second back until the client has
    acknowledged the first, which it does after 40 ms; whatever is accepted inherits from the socket that it shall not.
    """
    here = config.bind_socket()
    here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return here


def listen(config: uvicorn.Config, here: socket.socket) -> None:
    """Answer until stopped, in this process or in as many others as asked; one that dies is started again."""
    if config.workers == 1:
        uvicorn.Server(config).run(sockets=[here])
    else:
        Workers(config, sockets=[here]).run()


class Workers(Multiprocess):
    """Processes that answer; one that dies is noticed at once, also while it is asked whether it lives."""

    def keep_subprocess_alive(self) -> None:
        """Start anew whichever died."""
        for process in self.processes:
            # Its own end of the pipe lies with the process: once nobody else holds it, the pipe ends with the process.
            process.child_conn.close()
        super().keep_subprocess_alive()


def build_app(
    home: Home, settings: Settings, demo: bool, demo_users: tuple[Account, ...], is_one_of_several: bool
) -> FastAPI:
    """Build the application of one process."""
    services = replace(build_services(home, settings, demo=demo), demo_users=demo_users)

    @contextmanager
    def beside() -> Iterator[None]:
        with closing(services.desk), keeping_ready(partial(make_ready, services)):
            yield

    app = create_app(services, beside)
    if is_one_of_several:
        app.add_middleware(SharedConnections)
    return app


def make_ready(services: Services) -> None:
    """Build what pages and questions need of the version that is current; quick while nothing has changed."""
    services.published()
    if services.identifier is not None:
        services.identifier.warm()


@contextmanager
def keeping_ready(warm: Callable[[], None], seconds: float = 5.0) -> Iterator[None]:
    """Make ready for each new version beside what goes on inside the block, so that nobody's question waits for it.

    Args:
        warm: Makes ready; cheap while nothing has changed.
        seconds: How long to wait between two looks.
    """
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            # Whoever asks is told what is wrong; here nobody is.
            with suppress(WashhouseError, OSError), yielding_soon():
                warm()
            over.wait(seconds)

    watcher = threading.Thread(target=look, name="keep-ready", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def build_services(home: Home, settings: Settings, *, demo: bool = False) -> Services:
    """Gather what the pages use; without `demo`, what was lent for a demonstration is taken back.

    Args:
        home: A home with a published version.
        settings: What its deployer chose.
        demo: Offer the demonstration sign-in, and take today from the newest as-of date.

    Returns:
        The services for `create_app`.

    Raises:
        HomeError: `nothing-published`, or as `governance.keys`.
    """
    if read_current(home) is None:
        raise HomeError("nothing-published", "This home has no published version yet.", "Run `washhouse run` first.")
    vault = Vault(home, load_master_key(home, settings))
    desk = open_desk(settings.desk_url or home.desk_file)
    audit = AuditTrail(desk)
    if not demo:
        end_demo(desk)
    return Services(
        home=home,
        settings=settings,
        desk=desk,
        audit=audit,
        published=PublishedVersions(home, vault, audit, settings.patient_record),
        # The same in every process that serves the home, and kept nowhere.
        session_secret=vault.hmac("web-session", b"sign-in"),
        today=partial(demo_day, home) if demo else date.today,
        now=utc_now,
        demo=demo,
        identifier=Identifier(home, vault, desk, audit),
    )


def lend_people(services: Services) -> tuple[Account, ...]:
    """Make ready the demonstration's users; people of a data set or of a declared source are lent to its clinician."""
    version = read_current(services.home)
    imported: list[str] = []
    if version is not None:
        people = Lake(services.home.lake).read(PERSON, version.tables[PERSON.name], columns=["person_id", "sources"])
        known_by = pc.unique(people["sources"]).to_pylist()
        others = [sources for sources in known_by if set(sources.split(",")) - SPECS.keys()]
        is_imported = pc.is_in(people["sources"], value_set=pa.array(others, pa.string()))
        imported = sorted(people["person_id"].filter(is_imported).to_pylist())[:MOST_LENT]
    desk = services.desk
    clinician, steward = ensure_demo_users(desk, services.today(), imported)
    manager = demo_manager(desk, services.today())
    crisis = demo_crisis_clinician(desk, CRISIS_TEAM_TYPES)
    return clinician, crisis, manager, steward, demo_planner(desk), demo_researcher(desk)


PATIENCE_SECONDS = 1.0
"""How long whoever asks waits for a new version to be made ready, from when that began; then the one before it is shown
until it is: the names of a city take 20 seconds."""


SWITCH_SECONDS = 0.001
"""How long something computes beside pages while one of them waits to."""


@contextmanager
def yielding_soon() -> Iterator[None]:
    """Let threads hand over after 1 ms inside the block, for what computes beside pages.

    A page waits for locks and disks a dozen times, and each time it comes back what computes has its turn first. Among
    pages alone Python's own 5 ms serve more of them.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class PublishedVersions:
    """The version that is current now; what it needs is built once, beside the pages, when it has changed.

    Args:
        home: The home.
        vault: Its vault.
        audit: The audit trail that every opened record writes to.
        patient_record: Whose ids are held, to open the record in that system.
        patience_seconds: How long a new version is waited for while there is another to show.
    """

    def __init__(
        self,
        home: Home,
        vault: Vault,
        audit: AuditTrail,
        patient_record: PatientRecord,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._home = home
        self._vault = vault
        self._audit = audit
        self._patient_record = patient_record
        self._patience_seconds = patience_seconds
        self._lake = Lake(home.lake)
        self._held: tuple[_Stamp, Published] | None = None
        self._opened: Version | None = None
        self._coming: _Coming | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Published | None:
        """The current version, None before the first run. It stays readable for as long as anybody holds it.

        A version that was published just now is shown once it is ready; until then the one before it is.
        """
        # A run after going back may publish an id again, with other tables: the pointer itself is looked at.
        stamp = pointer_stamp(self._home)
        held = self._held
        if held is not None and held[0] == stamp:
            return held[1]
        with self._lock:
            if self._coming is None or self._coming.stamp != stamp:
                self._coming = _Coming(stamp)
                threading.Thread(target=self._make_ready, args=[self._coming], daemon=True).start()
            coming = self._coming
        left = None if held is None else max(0.0, coming.began + self._patience_seconds - time.monotonic())
        if not coming.is_ready.wait(left) and held is not None:
            return held[1]
        if coming.error is not None:
            raise coming.error
        return coming.published

    def _make_ready(self, coming: _Coming) -> None:
        try:
            coming.published = self._open()
        except BaseException as error:
            coming.error = error
        with self._lock:
            if self._coming is coming:
                # What failed is tried again by whoever asks next.
                self._coming = None
                if coming.published is not None:
                    self._held = (coming.stamp, coming.published)
        coming.is_ready.set()

    def _open(self) -> Published | None:
        pinned = pin_current(self._home)
        if pinned is None:
            return None
        version, pin = pinned
        try:
            published = self._build(version)
            if self._opened is not None:
                read_ahead(self._lake, self._opened, version)
            self._opened = version
        except BaseException:
            pin.release()
            raise
        weakref.finalize(published, pin.release)
        return published

    def _build(self, version: Version) -> Published:
        return Published(
            id=version.id,
            published_at=version.published_at,
            as_of=version.as_of,
            models=version.models,
            summary=version.summary,
            open_record=lambda grant: open_record(self._lake, version, grant, self._audit),
            identities=read_index(self._vault, version.vault),
            in_care_of=cache(lambda teams, day: care_relation_facts(self._lake, version, teams=teams, today=day)),
            local_ids=self._read_local_ids(version),
            history=partial(read_earlier, self._home),
            refused=partial(read_refused, self._home, LINKAGE, version.id),
            quality_refused=partial(read_refused, self._home, QUALITY, version.id),
            link_review=read_link_review(self._vault, version.vault, version.summary),
            review_records=read_record_index(self._vault, version.vault),
            link_history=cache(partial(read_link_history, self._vault, version.vault)),
        )

    def _read_local_ids(self, version: Version) -> LocalIds | None:
        chosen = self._patient_record
        return read_local_ids(self._vault, version.vault, chosen.source) if chosen.url else None


_Stamp: TypeAlias = tuple[int, int] | None


@dataclass
class _Coming:
    """A version that is being made ready, for the pointer as it stands; one that another overtook is not kept."""

    stamp: _Stamp
    began: float = field(default_factory=time.monotonic)
    is_ready: threading.Event = field(default_factory=threading.Event)
    published: Published | None = None
    error: BaseException | None = None


def read_earlier(home: Home) -> list[EarlierVersion]:
    """Return the versions that are kept, the current one last."""
    return [EarlierVersion(version.id, version.published_at, version.summary) for version in history(home)]


def demo_day(home: Home) -> date:
    """Today, in a demonstration: the newest declared date of the published version's delivering sources."""
    return _day_of_second(home, int(time.monotonic())) or date.today()


@lru_cache(maxsize=8)
def _day_of_second(home: Home, second: int) -> date | None:
    """A page asks many times: the pointer is looked at once a second."""
    return _newest_day(home, pointer_stamp(home))


@lru_cache(maxsize=8)
def _newest_day(home: Home, stamp: tuple[int, int] | None) -> date | None:
    """As of when the newest delivery is, read once for what the pointer says."""
    version = read_current(home)
    return None if version is None else newest_day(version)
