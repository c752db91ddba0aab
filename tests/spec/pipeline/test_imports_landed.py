"""From when is an imported data set known, and which of several holds? The one that was imported last."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.pipeline.cdm_set import CdmSet
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.coverage import without_replaced
from washhouse.pipeline.landing import land_batch, newest_as_of
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.typed import TypedRows
from washhouse.sources.omop.contract import SPEC
from washhouse.sources.submissions import order_submissions

JUNE, JULY, WRONG = date(2026, 6, 1), date(2026, 7, 1), date(2087, 1, 1)


def cdm(folder: Path, newest: date) -> Path:
    folder.mkdir(parents=True)
    (folder / "person.csv").write_text("person_id,year_of_birth\n1,1950\n", encoding="utf-8")
    rows = f"condition_occurrence_id,person_id,condition_start_date\n1,1,{newest}\n"
    (folder / "condition_occurrence.csv").write_text(rows, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("newest", "imported", "known"),
    [
        ((JUNE, JULY), (6, 6), (datetime(2026, 6, 2), datetime(2026, 7, 2))),
        ((WRONG, JULY), (3, 6), (datetime(2026, 7, 3), datetime(2026, 7, 6))),
        ((JULY, JUNE), (3, 6), (datetime(2026, 7, 2), datetime(2026, 7, 6))),
        ((WRONG, JULY), (6, 6), (datetime(2026, 7, 6), datetime(2026, 7, 6, 0, 0, 0, 1))),
    ],
    ids=["taken at their word", "a wrong date", "an older set imported later", "at one moment"],
)
def test_the_data_set_imported_last_holds(
    tmp_path: Path, newest: tuple[date, date], imported: tuple[int, int], known: tuple[datetime, datetime]
) -> None:
    home = Home(tmp_path / "home")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    context = RunContext(home, Settings(), Lake(home.lake), vault, None, datetime.min, Silent(), lambda name: None)
    books: list[pa.Table] = []
    for number, (day, now) in enumerate(zip(newest, imported, strict=True)):
        data_set = CdmSet(cdm(tmp_path / f"{number}", day))
        (batch,) = data_set.find(context.known_batches).batches
        context = replace(context, now=datetime(2026, 7, now))
        books.append(land_batch(context, SPEC, batch, read=data_set.read).files)
        batches = (*context.known_batches, batch.id)
        version = Version(1, "v1", context.now, {}, {}, batches, {}, {}, 2, {})
        context = replace(context, published=version)
    files = pa.concat_tables(books)
    first, second = order_submissions(TypedRows(vault, batches, files).sent("omop", "condition_occurrence"), "snapshot")
    assert (first.submission.submitted_at, second.submission.submitted_at) == known
    assert (first.replaced_by, second.replaced_by, second.rank) == (1, None, 1)
    assert newest_as_of(without_replaced(files, batches)) == {"omop": newest[1]}
