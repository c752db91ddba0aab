"""Do a steward's decisions hold through every later run, and do they make a run of their own?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from washhouse.core.home import Home, Settings
from washhouse.core.views import View
from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.desk.linkage import add_decision, undo_decision
from washhouse.desk.person_changes import list_person_changes
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.linkage.person_ids import record_key
from washhouse.pipeline.run import run_inbox
from washhouse.record.buckets import bucket_of
from washhouse.record.tables import PERSON, PERSON_VIEW
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city

RERUNS = 10


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every batch of a small city, the earliest first."""
    city = tmp_path_factory.mktemp("decisions") / "city"
    make_city(500, 1, 3, city, DEFAULT_END)
    return sorted((city / "extracts").glob("*/*"), key=lambda batch: (batch.name, batch.parent.name))


def test_all_decisions_hold_after_ten_reruns_with_new_batches(
    batches: list[Path], tmp_path: Path, fresh_home: Callable[[Path], Home]
) -> None:
    inbox, home = tmp_path / "inbox", fresh_home(tmp_path / "home")
    settings = Settings(buckets=2, threads=1)

    def bring(some: list[Path]) -> None:
        for batch in some:
            shutil.copytree(batch, inbox / batch.parent.name / batch.name)

    def people() -> dict[tuple[str, str], str]:
        version = read_current(home)
        assert version is not None
        vault = Vault(home, load_master_key(home, settings))
        rows = vault.read("membership", version.vault["membership"]).to_pylist()
        return {(r["source"], r["source_id"]): r["person_id"] for r in rows if r["valid_to"] is None}

    def views_hold() -> None:
        version = read_current(home)
        assert version is not None
        tables = {table: Lake(home.lake).read(table, version.tables[table.name]) for table in (PERSON, PERSON_VIEW)}
        bucket = {row["person_id"]: row["bucket"] for row in tables[PERSON].to_pylist()}
        bears: dict[str, dict[str, str]] = {view.value: {} for view in View}
        for row in tables[PERSON_VIEW].to_pylist():
            bears[row["view"]][row["person_id"]] = row["view_id"]
            assert row["bucket"] == bucket[row["person_id"]] == bucket[row["view_id"]]
        for person, where in bucket.items():
            assert where == bucket_of(bears["lenient"].get(person, person), version.buckets)
            planned = bears["balanced"].get(person, person)
            assert bears["lenient"].get(planned, planned) == bears["lenient"].get(person, person)
        figures = version.summary["linkage"]["views"]
        assert figures["strict"]["people"] == len(bucket)
        for view in ("balanced", "lenient"):
            assert figures[view]["people"] == len({bears[view].get(person, person) for person in bucket})

    step = -(-(len(batches) // 2) // RERUNS)
    first = len(batches) - RERUNS * step
    bring(batches[:first])
    run_inbox(home, settings, inbox)
    before = people()
    vault = Vault(home, load_master_key(home, settings))
    key = partial(vault.hmac, "record-key")
    identity = vault.read("identity", read_current(home).vault["identity"])
    clear = {
        (row["source"], row["source_id"])
        for row in identity.select(["source", "source_id", "identity_kind", "death_date"]).to_pylist()
        if row["identity_kind"] == "clear" and row["death_date"] is None
    }
    held: dict[str, list[tuple[str, str]]] = {}
    for record in sorted(clear):
        held.setdefault(before[record], []).append(record)
    apart = [tuple(records[:2]) for records in held.values() if len(records) > 1][:5]
    alone = [records[0] for records in held.values() if len(records) == 1][:6]
    together = list(zip(alone[::2], alone[1::2], strict=True))
    assert len(apart) == 5
    assert len(together) == 3

    desk = open_desk(home.desk_file)
    try:
        _, steward = ensure_demo_users(desk, utc_now().date())
        ids = [
            add_decision(
                desk,
                left=record_key(key, *a),
                right=record_key(key, *b),
                kind=kind,
                reason="Looked at both records",
                user=steward.username,
                at=utc_now(),
            )
            for kind, pairs in (("cannot", apart), ("must", together))
            for a, b in pairs
        ]
        assert run_inbox(home, settings, inbox).published
        assert not run_inbox(home, settings, inbox).published
        changes = list_person_changes(desk)
        assert {change.kind for change in changes} == {"un-merge"}
        assert {change.person_before for change in changes} == {before[a] for a, _ in apart}
        for rerun in range(RERUNS):
            bring(batches[first + rerun * step :][:step])
            assert run_inbox(home, settings, inbox).published
            now = people()
            assert all(now[a] != now[b] for a, b in apart), rerun
            assert all(now[a] == now[b] for a, b in together), rerun
            views_hold()
        undo_decision(desk, ids[0], user=steward.username, at=utc_now())
        assert run_inbox(home, settings, inbox).published
        assert people()[apart[0][0]] == people()[apart[0][1]]
    finally:
        desk.close()
