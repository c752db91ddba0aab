from __future__ import annotations

import datetime as dt
import fcntl
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from washhouse.core.errors import HomeError
from washhouse.core.home import Home
from washhouse.lake import lock
from washhouse.lake.lock import LOCK_FILE, is_locked, run_lock
from washhouse.lake.pointer import Version, forget, history, publish, read_current, read_version, version_file

FIRST = Version(
    number=1,
    id="v000001-aaaa",
    published_at=dt.datetime(2025, 7, 1, 3, 4, 5),
    tables={"event": 0},
    vault={"identity": "g1"},
    batches=("gp/2025-07-01",),
    as_of={"gp": dt.date(2025, 7, 1)},
    models={"crisis": "m1"},
    buckets=2,
    summary={"record": {"people": 3}},
)


def test_nothing_is_published_in_a_fresh_home(tmp_path: Path) -> None:
    assert read_current(Home(tmp_path)) is None
    assert history(Home(tmp_path)) == []


def test_what_was_published_is_read_back_whole(tmp_path: Path) -> None:
    publish(Home(tmp_path), FIRST)
    assert read_current(Home(tmp_path)) == FIRST


def test_history_is_in_order_and_forgets(tmp_path: Path) -> None:
    home = Home(tmp_path)
    second = replace(FIRST, number=2, id="v000002-bbbb")
    publish(home, FIRST)
    publish(home, second)
    assert history(home) == [FIRST, second]
    forget(home, FIRST)
    assert history(home) == [second]


def test_a_list_that_a_run_forgets_while_one_looks_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    second = replace(FIRST, number=2, id="v000002-bbbb")
    publish(home, FIRST)
    publish(home, second)

    def read(path: Path) -> Version:
        if path == version_file(home, FIRST):
            forget(home, FIRST)
        return read_version(path)

    monkeypatch.setattr("washhouse.lake.pointer.read_version", read)
    assert history(home) == [second]
    (home.root / "versions" / "v000000-half.json").write_text("{")
    with pytest.raises(HomeError):
        history(home)


def test_a_list_that_was_never_pointed_at_is_no_version(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(home, FIRST)
    publish(home, replace(FIRST, number=2, id="v000002-dead"))
    home.current.write_text("v000001-aaaa\n")  # as if the run had died before the swap
    assert history(home) == [FIRST]
    second = replace(FIRST, number=2, id="v000002-bbbb")
    publish(home, second)
    publish(home, replace(FIRST, number=3, id="v000003-cccc"))
    assert [version.id for version in history(home)] == ["v000001-aaaa", "v000002-bbbb", "v000003-cccc"]


@pytest.mark.parametrize("content", ["", "nowhere\n", "../../etc/passwd\n"])
def test_a_broken_pointer_says_so(tmp_path: Path, content: str) -> None:
    home = Home(tmp_path)
    home.current.write_text(content)
    with pytest.raises(HomeError) as caught:
        read_current(home)
    assert caught.value.code == "pointer-broken"


def test_one_run_at_a_time_and_a_dead_run_holds_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    script = (
        "import sys, time; from pathlib import Path; from washhouse.core.home import Home; "
        "from washhouse.lake.lock import run_lock\n"
        f"with run_lock(Home(Path({str(tmp_path)!r}))): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(home)
        with pytest.raises(HomeError) as caught, run_lock(home):
            pass
        assert caught.value.code == "home-locked"
        holder.kill()
        holder.wait()
    assert not is_locked(home)
    with run_lock(home):
        assert is_locked(home)
    assert not is_locked(home)


def test_looking_whether_a_run_goes_on_stops_neither_a_run_nor_another_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 60)
    home = Home(tmp_path)
    with (tmp_path / LOCK_FILE).open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not is_locked(home)
        threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with run_lock(home):
            assert is_locked(home)
