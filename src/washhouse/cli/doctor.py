"""`washhouse doctor`: is a home whole?"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache, partial

import pyarrow as pa
import typer
from sqlalchemy.exc import SQLAlchemyError

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile
from washhouse.cli.progress import waiting
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, InputError, WashhouseError
from washhouse.core.home import Home, Settings
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.keys import find_key_file, load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.lock import is_locked
from washhouse.lake.pointer import Version, history, read_current
from washhouse.lake.readers import reading_current
from washhouse.lake.store import Lake
from washhouse.pipeline.declared import check_declared, stale_batches
from washhouse.pipeline.publishing import BY_BATCH
from washhouse.pipeline.typed import TypedRows
from washhouse.record.submissions import refused_files
from washhouse.record.tables import BATCH
from washhouse.sources.declared.read import read_declarations
from washhouse.sources.mappings.registry import SYSTEMS

MOST_NAMED = 20
"""Refused files named one by one."""
_UNREADABLE = (OSError, pa.ArrowException, SQLAlchemyError)
"""What reading what is gone or broken ends with, besides errors of our own."""
_RESTORE = "Restore it from a backup."


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is in order, and what was found, in words."""

    check: str
    ok: bool
    found: str


def doctor(home: HomeThere, as_json: AsJson = False, key_file: KeyFile = None, desk_url: DeskUrl = None) -> None:
    """Check a home: lock, pointer, tables, feeds, declarations, vault, desk. Changes nothing; a run may be going on.

    Exit status: 0 all in order; 5 something is not.

    Example: washhouse doctor --home home
    """
    where = Home(home)
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    findings = []
    for finding in examine(where, read_settings(where, key_file=key_file, desk_url=desk_url)):
        findings.append(finding)
        if not as_json:
            mark, colour = ("ok ", None) if finding.ok else ("BAD", "red")
            typer.secho(f"{mark} {finding.check}: {finding.found}", fg=colour)
    ok = all(finding.ok for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "checks": [asdict(finding) for finding in findings]}))
    if not ok:
        raise typer.Exit(HomeError.exit_status)


def examine(home: Home, settings: Settings) -> Iterator[Finding]:
    """Look at every part of a home; one finding a check as it is made, in the order of a run.

    All checks are of one version, which no run removes meanwhile.
    """
    with ExitStack() as held:
        current = cache(partial(_pin, home, held))
        checks: list[tuple[str, Callable[[], str]]] = [
            ("lock", lambda: "a run is going on" if is_locked(home) else "free"),
            ("pointer", lambda: _look_at_pointer(home, _published(current()))),
            ("tables", lambda: _look_at_tables(Lake(home.lake), _published(current()))),
            ("feeds", lambda: _look_at_feeds(Lake(home.lake), _published(current()))),
            ("declarations", lambda: _look_at_declarations(home, current())),
            ("vault", lambda: _look_at_vault(home, settings, current)),
            ("desk", lambda: _look_at_desk(home, settings)),
        ]
        for name, look in checks:
            with waiting(f"checking: {name}"):
                finding = _check(name, look)
            yield finding


def _check(name: str, look: Callable[[], str]) -> Finding:
    """Make one check. What broke is a finding, whatever broke; what an engine says of it may quote a row's value."""
    try:
        return Finding(name, True, look())
    except WashhouseError as error:
        return Finding(name, False, str(error))
    except _UNREADABLE as error:
        return Finding(name, False, f"Something cannot be read: {_told(error)}. {_RESTORE}")


def _told(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__


def _pin(home: Home, held: ExitStack) -> Version | None:
    """The published version, pinned; only read where nobody can write, as no run can either."""
    try:
        return held.enter_context(reading_current(home))
    except HomeError as error:
        if error.code != "readers-unwritable":
            raise
        return read_current(home)


def _published(version: Version | None) -> Version:
    if version is None:
        raise HomeError("nothing-published", "This home has no published version yet.", "Run `washhouse run` first.")
    return version


def _look_at_pointer(home: Home, version: Version) -> str:
    return f"version {version.id}, {len(version.batches):,} batches, {len(history(home))} versions readable"


def _look_at_tables(lake: Lake, version: Version) -> str:
    found, broken = [], []
    for name, number in sorted(version.tables.items()):
        try:
            found.append(f"{name} {lake.count(name, number):,}")
        except HomeError as error:
            broken.append(f"{name}: {error.message}")
        except _UNREADABLE as error:
            broken.append(f"{name}: a file of it cannot be read ({_told(error)})")
    if broken:
        raise HomeError("lake-version", "; ".join(broken), _RESTORE)
    return ", ".join(found)


def _look_at_feeds(lake: Lake, version: Version) -> str:
    """Refused files are the sender's to mend: they are named, and the home is in order all the same."""
    refused = refused_files(lake.read(BATCH, version.tables[BATCH.name]).to_pylist())
    more = len(refused) - MOST_NAMED
    named = "; ".join(f"{name}: {reason}" for name, reason in refused[:MOST_NAMED])
    if not refused:
        return "no file is refused in the latest submissions"
    return f"{len(refused):,} refused in the latest submissions: {named}{f'; and {more:,} more' if more > 0 else ''}"


def _look_at_declarations(home: Home, version: Version | None) -> str:
    """Every declaration makes sense, and none of a source that the record holds is gone."""
    declared = read_declarations(home.sources, SYSTEMS)
    batches = version.batches if version else ()
    check_declared(batches, declared)
    changed = sorted({batch.partition("/")[0] for batch in stale_batches(batches, declared)})
    if not declared:
        return "no source is declared"
    note = f"; changed since it was read, which the next run makes good: {', '.join(changed)}" if changed else ""
    return f"{', '.join(sorted(declared))}{note}"


def _look_at_vault(home: Home, settings: Settings, current: Callable[[], Version | None]) -> str:
    """Open everything in bounded memory: a city's files are larger than memory."""
    vault = Vault(home, load_master_key(home, settings))
    version = _published(current())
    files = Lake(home.lake).read(BATCH, version.tables[BATCH.name])
    tables = _tables_of(vault, version, files)
    for name, generation in tables:
        deque(vault.read_parts(name, generation), 0)
    landed = sorted(set(files["sha256"].to_pylist()))
    for sha256 in landed:
        deque(vault.landed_blocks(sha256), 0)
    inside = find_key_file(home, settings).is_relative_to(home.root)
    where = "; the master key lies inside the home, which suits a demo only" if inside else ""
    return f"{len(tables):,} tables and {len(landed):,} landed files open{where}"


def _tables_of(vault: Vault, version: Version, files: pa.Table) -> list[tuple[str, str]]:
    """Name and generation of every table of the vault that a version rests on, whether or not it is there."""
    typed = TypedRows(vault, version.batches, files)
    sent = set(zip(files["source"].to_pylist(), files["source_table"].to_pylist(), strict=True))
    rows = {(f"typed.{source}.{table}", one) for source, table in sent for one in typed.generations(source, table)}
    batches = set(version.batches)
    by_batch = [name for name in vault.tables() if name.partition(".")[0] in BY_BATCH]
    others = {
        (name, one) for name in by_batch for one in vault.generations(name) if f"{name.split('.')[1]}/{one}" in batches
    }
    return sorted({*version.vault.items(), *rows, *others})


def _look_at_desk(home: Home, settings: Settings) -> str:
    if not settings.desk_url and not home.desk_file.exists():
        raise HomeError("desk-missing", "The home has no desk.", "Run `washhouse run`, or restore desk.db.")
    desk = open_desk(settings.desk_url or home.desk_file)
    try:
        verification = AuditTrail(desk).verify()
    finally:
        desk.close()
    if verification.bad_seq is not None:
        raise HomeError("audit-broken", f"The audit breaks off: {verification.problem}.", "Restore the desk.")
    return f"audit of {verification.rows:,} rows verifies"
