"""`washhouse doctor`: is a home whole?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import typer

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
from washhouse.lake.store import Lake
from washhouse.pipeline.declared import check_declared, stale_batches
from washhouse.record.submissions import refused_files
from washhouse.record.tables import BATCH
from washhouse.sources.declared.read import read_declarations
from washhouse.sources.mappings.registry import SYSTEMS

MOST_NAMED = 20
"""Refused files named one by one."""


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
    """Look at every part of a home; one finding a check as it is made, in the order of a run."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("lock", lambda: "a run is going on" if is_locked(home) else "free"),
        ("pointer", lambda: _look_at_pointer(home)),
        ("tables", lambda: _look_at_tables(home)),
        ("feeds", lambda: _look_at_feeds(home)),
        ("declarations", lambda: _look_at_declarations(home)),
        ("vault", lambda: _look_at_vault(home, settings)),
        ("desk", lambda: _look_at_desk(home, settings)),
    ]
    for name, look in checks:
        with waiting(f"checking: {name}"):
            finding = _check(name, look)
        yield finding


def _check(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except WashhouseError as error:
        return Finding(name, False, str(error))


def _published(home: Home) -> Version:
    version = read_current(home)
    if version is None:
        raise HomeError("nothing-published", "This home has no published version yet.", "Run `washhouse run` first.")
    return version


def _look_at_pointer(home: Home) -> str:
    version = _published(home)
    return f"version {version.id}, {len(version.batches):,} batches, {len(history(home))} versions readable"


def _look_at_tables(home: Home) -> str:
    version, lake = _published(home), Lake(home.lake)
    rows = {name: lake.count(name, number) for name, number in sorted(version.tables.items())}
    return ", ".join(f"{name} {count:,}" for name, count in rows.items())


def _look_at_feeds(home: Home) -> str:
    """Refused files are the sender's to mend: they are named, and the home is in order all the same."""
    version = _published(home)
    refused = refused_files(Lake(home.lake).read(BATCH, version.tables[BATCH.name]).to_pylist())
    more = len(refused) - MOST_NAMED
    named = "; ".join(f"{name}: {reason}" for name, reason in refused[:MOST_NAMED])
    if not refused:
        return "no file is refused in the latest submissions"
    return f"{len(refused):,} refused in the latest submissions: {named}{f'; and {more:,} more' if more > 0 else ''}"


def _look_at_declarations(home: Home) -> str:
    """Every declaration makes sense, and none of a source that the record holds is gone."""
    declared = read_declarations(home.sources, SYSTEMS)
    version = read_current(home)
    batches = version.batches if version else ()
    check_declared(batches, declared)
    changed = sorted({batch.partition("/")[0] for batch in stale_batches(batches, declared)})
    if not declared:
        return "no source is declared"
    note = f"; changed since it was read, which the next run makes good: {', '.join(changed)}" if changed else ""
    return f"{', '.join(sorted(declared))}{note}"


def _look_at_vault(home: Home, settings: Settings) -> str:
    vault = Vault(home, load_master_key(home, settings))
    version = _published(home)
    for name, generation in sorted(version.vault.items()):
        vault.read(name, generation)
    landed = sorted({row["sha256"] for row in Lake(home.lake).read(BATCH, version.tables[BATCH.name]).to_pylist()})
    for sha256 in landed:
        vault.read_landed(sha256)
    inside = find_key_file(home, settings).is_relative_to(home.root)
    where = "; the master key lies inside the home, which suits a demo only" if inside else ""
    return f"{len(version.vault)} tables and {len(landed):,} landed files open{where}"


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
