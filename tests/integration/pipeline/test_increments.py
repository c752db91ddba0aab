"""Does a run that builds only what changed come to what building everything comes to?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from washhouse.core.home import Home
from washhouse.lake.pointer import read_current
from washhouse.linkage.stored_earlier import OTHERS
from washhouse.pipeline.identities import NUMBER_SENT
from washhouse.record.facts import FACTS
from washhouse.record.tables import CARE_RELATION, EVENT, PERSON, PERSON_VIEW, RELATION, RETIRED

BUILT = [table.name for table in (EVENT, PERSON, PERSON_VIEW, RELATION, CARE_RELATION, RETIRED)]
KEPT = [f"vault.{table.name}" for table in FACTS.values()]
LINKED = [f"vault.{name}" for name in (*OTHERS, NUMBER_SENT, "superseded", "link_event")]


def test_a_rebuild_of_the_same_batches_comes_to_the_same_tables(
    stage: Any,
    make_home: Callable[..., Home],
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    differ: Callable[[Any, Any], list[str]],
) -> None:
    home = make_home(stage.second)
    assert run_apart(home, stage.late, stage.key_file, rebuild=True)["status"] == 0
    version = read_current(home)
    assert version is not None
    assert version.number == 3, "a rebuild publishes, although nothing new lies in the inbox"
    made, again = contents_of(stage.second), contents_of(home)
    assert made["event"].num_rows > contents_of(stage.first)["event"].num_rows
    assert made["version"][5]["linkage"]["pairing"]["door"] == "increment"
    assert again["version"][5]["linkage"]["pairing"]["door"] == "batch"
    assert not {*BUILT, *KEPT, *LINKED} & {*differ(made, again)}
