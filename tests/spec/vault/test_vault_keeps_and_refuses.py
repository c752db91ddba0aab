"""The vault gives back what was put in, to the right key and unchanged; else it says which of the two is wrong."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from washhouse.core.errors import HomeError
from washhouse.core.home import Home, Settings
from washhouse.governance import envelope
from washhouse.governance import vault as vaults
from washhouse.governance.envelope import CHUNK_BYTES, BrokenSealError, SealedReader, open_seal, seal
from washhouse.governance.keys import find_key_file, load_master_key, load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.disk import Pending
from washhouse.lake.shares import Share

CANARY = "ZEBEDEE-CANARY"
PEOPLE = pa.table({"name": [f"{CANARY}-{row}" for row in range(2000)], "row": list(range(2000))})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def vault(home: Home) -> Vault:
    return Vault(home, load_or_create_master_key(home, Settings()))


def test_tables_and_landed_files_come_back_and_show_nothing_on_the_disk(home: Home, vault: Vault) -> None:
    sha256 = vault.land(CANARY.encode())
    vault.write("identity", "v1", PEOPLE)
    vault.write("typed.gp.journal", "2025-07-01@ab/cd", PEOPLE.to_reader(500))
    assert vault.read_landed(sha256) == CANARY.encode()
    assert vault.read("identity", "v1").equals(PEOPLE)
    assert vault.read("typed.gp.journal", "2025-07-01@ab/cd", columns=["row"]).column_names == ["row"]
    assert vault.tables() == ["identity", "typed.gp.journal"]
    assert vault.generations("typed.gp.journal") == ["2025-07-01@ab/cd"]
    for path in home.root.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_large_table_comes_back_in_parts_and_in_order(vault: Vault) -> None:
    rows = pa.table({"row": pa.array(range(300_000), pa.int32())})
    vault.write("typed.gp.journal", "v1", rows)
    parts = list(vault.read_parts("typed.gp.journal", "v1", most_rows=150_000))
    assert [part.num_rows for part in parts] == [122_880, 122_880, 54_240]
    assert pa.concat_tables(parts).equals(rows)
    assert sum(1 for _ in vault.read_parts("typed.gp.journal", "v1")) == 1


def test_a_table_without_rows_comes_back_as_one_part(vault: Vault) -> None:
    vault.write("typed.gp.journal", "v1", PEOPLE.slice(0, 0))
    (part,) = vault.read_parts("typed.gp.journal", "v1")
    assert part.equals(PEOPLE.slice(0, 0))


def test_duckdb_cannot_open_a_vault_table(home: Home, vault: Vault) -> None:
    vault.write("identity", "v1", PEOPLE)
    with pytest.raises(duckdb.Error):
        duckdb.sql(f"SELECT * FROM read_parquet('{home.vault}/tables/identity/v1.parquet')").fetchall()


def test_landing_the_same_bytes_again_changes_nothing(home: Home, vault: Vault) -> None:
    sha256 = vault.land(b"a,b\n1,2\n")
    before = (home.vault / "landed" / sha256).read_bytes()
    assert vault.land(b"a,b\n1,2\n") == sha256
    assert (home.vault / "landed" / sha256).read_bytes() == before


def other_key(path: Path) -> None:
    path.write_text(os.urandom(32).hex())


def no_key(path: Path) -> None:
    path.unlink()


def half_a_key(path: Path) -> None:
    path.write_text(path.read_text()[:32])


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(other_key, "vault-key-wrong"), (half_a_key, "vault-key-wrong"), (no_key, "vault-key-missing")],
)
def test_a_wrong_or_missing_key_is_refused_before_anything_is_written(
    home: Home, vault: Vault, spoil: Callable[[Path], None], code: str
) -> None:
    vault.land(b"x")
    path = find_key_file(home, Settings())
    key = path.read_text().strip()
    spoil(path)
    with pytest.raises(HomeError) as caught:
        load_or_create_master_key(home, Settings())
    assert caught.value.code == code
    assert caught.value.hint
    assert key not in str(caught.value)


def test_a_home_without_a_vault_has_no_key_to_load(home: Home) -> None:
    with pytest.raises(HomeError) as caught:
        load_master_key(home, Settings())
    assert caught.value.code == "vault-key-missing"
    assert not list(home.root.iterdir())


def test_the_key_may_live_elsewhere(home: Home, tmp_path: Path) -> None:
    settings = Settings(key_file=str(tmp_path / "elsewhere" / "key"))
    key = load_or_create_master_key(home, settings)
    assert load_master_key(home, settings) == key
    assert not (home.vault / "master.key").exists()


@pytest.mark.parametrize("place", [0, 5, 40, 100, 0.3, 0.5, 0.9, -5, -1])
def test_a_flipped_bit_is_seen(home: Home, vault: Vault, place: float) -> None:
    sha256 = vault.land(CANARY.encode() * 1000)
    vault.write("identity", "v1", PEOPLE)
    for path, *reads in (
        (home.vault / "landed" / sha256, lambda: vault.read_landed(sha256)),
        (
            home.vault / "tables" / "identity" / "v1.parquet",
            lambda: vault.read("identity", "v1"),
            lambda: list(vault.read_parts("identity", "v1")),
        ),
    ):
        data = bytearray(path.read_bytes())
        data[int(place * len(data)) if isinstance(place, float) else place] ^= 1
        path.write_bytes(data)
        for read in reads:
            with pytest.raises(HomeError) as caught:
                read()
            assert caught.value.code == "vault-damaged"
            assert CANARY not in str(caught.value)


def test_a_file_under_another_name_does_not_open(home: Home, vault: Vault) -> None:
    vault.write("identity", "v1", PEOPLE)
    (home.vault / "tables" / "identity" / "v1.parquet").rename(home.vault / "tables" / "identity" / "v2.parquet")
    with pytest.raises(HomeError) as caught:
        vault.read("identity", "v2")
    assert caught.value.code == "vault-damaged"


def test_purposes_have_keys_of_their_own(vault: Vault) -> None:
    assert vault.hmac("person-id", b"x") == vault.hmac("person-id", b"x") != vault.hmac("ref", b"x")
    assert len(vault.secret("ref")) == 64
    assert vault.secret("ref") != vault.secret("person-id")


def test_nothing_is_logged(home: Home, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        vault = Vault(home, load_or_create_master_key(home, Settings()))
        vault.write("identity", "v1", PEOPLE)
        vault.read("identity", "v1")
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


@given(st.binary(max_size=200), st.integers(min_value=0), st.integers(0, 7))
def test_any_changed_bit_of_a_sealed_file_is_seen(data: bytes, place: int, bit: int) -> None:
    sealed = bytearray(seal(bytes(32), data, "a"))
    assert open_seal(bytes(32), bytes(sealed), "a") == data
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(BrokenSealError):
        open_seal(bytes(32), bytes(sealed), "a")


def test_chunks_cannot_be_cut_off_or_swapped() -> None:
    data = os.urandom(CHUNK_BYTES) + os.urandom(CHUNK_BYTES) + b"end"
    sealed = seal(bytes(32), data, "a")
    assert open_seal(bytes(32), sealed, "a") == data
    head = 8 + 60
    first = 8 + int.from_bytes(sealed[head : head + 4], "big")
    second = 8 + int.from_bytes(sealed[head + first : head + first + 4], "big")
    for changed in (
        sealed[: head + first],
        sealed[: head + first + second],
        sealed[:head] + sealed[head + first : head + first + second] + sealed[head : head + first],
        sealed[:head],
        sealed + b"\0",
    ):
        with pytest.raises(BrokenSealError):
            open_seal(bytes(32), changed, "a")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8), st.integers(0, 50))
def test_a_sealed_file_is_read_from_any_place(reads: list[tuple[int, int]], size: int) -> None:
    data = bytes(range(size))
    with patch.object(envelope, "CHUNK_BYTES", 7):
        reader = SealedReader(io.BytesIO(seal(bytes(32), data, "a")), bytes(32), "a")
        file = io.BufferedReader(reader, 3)
        assert (reader.size, file.read()) == (size, data)
        for place, count in reads:
            file.seek(place)
            assert file.read(count) == data[place : place + count]


def test_chunks_that_are_cut_off_swapped_or_doubled_are_seen_when_they_are_reached() -> None:
    """However a file is read: what comes before the damage is what was sealed, and the damage is never handed out."""
    with patch.object(envelope, "CHUNK_BYTES", 5):
        sealed = seal(bytes(32), b"aaaaabbbbbcccccdd", "a")
        head, chunks, at = sealed[:68], [], 68
        while at < len(sealed):
            end = at + 8 + int.from_bytes(sealed[at : at + 4], "big")
            chunks.append(sealed[at:end])
            at = end
        for order, good in (((0, 1, 2), 2), ((0, 2, 1, 3), 1), ((0, 1, 1, 2, 3), 2), ((1, 2, 3), 0), ((3,), 0)):
            reader = SealedReader(io.BytesIO(head + b"".join(chunks[at] for at in order)), bytes(32), "a")
            handed_out = b""
            with pytest.raises(BrokenSealError):
                while block := reader.read(5):
                    handed_out += block
            assert handed_out == b"aaaaabbbbbccccc"[: good * 5]


def test_files_that_wait_are_put_in_their_places_together_or_not_at_all(home: Home, vault: Vault) -> None:
    pending = Pending()
    sha256 = hashlib.sha256(b"a,b").hexdigest()
    assert vault.land_blocks([b"a,", b"b"], sha256, pending)
    vault.write("identity", "v1", PEOPLE, pending)
    assert not vault.exists("identity", "v1")
    assert vault.open_landed(sha256, pending).readall() == b"a,b"
    pending.discard()
    assert not [path for name in ("landed", "tables/identity") for path in (home.vault / name).iterdir()]
    assert vault.land_blocks([b"a,b"], sha256, pending)
    vault.write("identity", "v1", PEOPLE, pending)
    pending.commit()
    assert vault.read("identity", "v1") == PEOPLE
    assert vault.read_landed(sha256) == b"a,b"


def test_bytes_that_are_not_those_announced_are_not_kept(home: Home, vault: Vault) -> None:
    pending = Pending()
    assert not vault.land_blocks([b"changed"], hashlib.sha256(b"announced").hexdigest(), pending)
    pending.commit()
    assert list((home.vault / "landed").iterdir()) == []


def test_row_groups_are_as_large_however_the_rows_come(vault: Vault) -> None:
    rows = pa.table({"n": pa.array(range(300_000))})
    vault.write("typed", "whole", rows)
    vault.write("typed", "parts", pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(7_000)))
    sizes = {name: [part.num_rows for part in vault.read_parts("typed", name, 1)] for name in ("whole", "parts")}
    assert sizes["whole"] == sizes["parts"] == [122_880, 122_880, 54_240]
    assert vault.read("typed", "parts") == rows


@pytest.mark.parametrize("of", [2, 16, 64])
def test_of_a_large_table_some_peoples_rows_are_read_alone(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, of: int
) -> None:
    monkeypatch.setattr(vaults, "_ROWS_LAID_OUT", 1_000)
    people = [None if n % 50 == 0 else f"p{n * 7919 % 301}" for n in range(4_500)]
    rows = pa.table({"n": pa.array(range(4_500)), "person": people})
    vault.write("typed", "plain", rows)
    vault.write("typed", "small", rows.slice(0, 999), by="person")
    vault.write("typed", "laid", rows, by="person")
    assert vault.read("typed", "laid").sort_by("n") == rows
    assert vault.read("typed", "small") == rows.slice(0, 999)
    whole = sum(1 for _ in vault.read_parts("typed", "laid", 1))
    for number in range(of):
        share = Share("person", number, of)
        parts = list(vault.read_parts("typed", "laid", 1, share=share))
        assert len(parts) <= whole / min(of, 16) + 5
        assert pa.concat_tables(parts).sort_by("n") == share.select(rows)
        assert pa.concat_tables(vault.read_parts("typed", "plain", share=share)) == share.select(rows)
        other = Share("n", number, of)
        assert pa.concat_tables(vault.read_parts("typed", "laid", share=other)).sort_by("n") == other.select(rows)
