"""Bytes to text, text to header."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from washhouse.sources.contract import ColumnSpec, TableSpec
from washhouse.sources.encoding import decode
from washhouse.sources.header import read_header
from washhouse.sources.records import first_bytes
from washhouse.sources.rules import RejectedFileError

TABLE = TableSpec(
    "things",
    (
        ColumnSpec("thing_id", required=True, key=True),
        ColumnSpec("Start_Date", "date", ("Beginning", "From Date"), required=True),
        ColumnSpec("colour"),
    ),
    business_key=("thing_id",),
)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"a,b\n", "utf-8", "a,b\n"),
        ("Zoë\n".encode(), "utf-8", "Zoë\n"),
        (b"\xef\xbb\xbf" + "Zoë\n".encode(), "utf-8-sig", "Zoë\n"),
        (b"\xff\xfe" + "Zoë\n".encode("utf-16-le"), "utf-16-le", "Zoë\n"),
        (b"\xfe\xff" + "Zoë\n".encode("utf-16-be"), "utf-16-be", "Zoë\n"),
        ("Zoe\n".encode("utf-16-le"), "utf-16-le", "Zoe\n"),
        (b"Zo\xeb\n", "cp1252", "Zoë\n"),
        (b"Zo\xeb", "cp1252", "Zoë"),
        (b"\xef\xbb\xbfZo\xeb\n", "cp1252", "ï»¿Zoë\n"),
        (b"\x80\x81\n", "cp1252", "€\ufffd\n"),
        (b"\xff\xfe" + b"a\0\x00\xdcb\0", "utf-16-le", "a\ufffdb"),
    ],
)
def test_decode(data: bytes, encoding: str, text: str) -> None:
    decoded = decode(data)
    assert (decoded.encoding, decoded.data[decoded.start :].decode()) == (encoding, text)


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe\n\0", b"\0\0\0", b"\x1a"])
def test_nothing_is_an_empty_file(data: bytes) -> None:
    with pytest.raises(RejectedFileError, match="holds nothing"):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        "aë,b\nZoë".encode()[:-1],
        "a,€".encode()[:-1],
        b"\xff\xfe" + "Zoë".encode("utf-16-le")[:-1],
        b"\xff\xfe" + "a😀".encode("utf-16-le")[:-2],
    ],
)
def test_half_a_character_is_a_cut(data: bytes) -> None:
    with pytest.raises(RejectedFileError, match="inside a character"):
        decode(data)


def test_a_long_file_is_checked_whole() -> None:
    body = b"x" * (1 << 24)
    assert decode(body + "ë".encode()).encoding == "utf-8"
    assert decode("ë".encode() + body + b"\xebx").encoding == "cp1252"
    straddling = body[:-1] + "ë".encode() + body
    assert decode(straddling).encoding == "utf-8"


@pytest.mark.parametrize(
    ("line", "delimiter", "positions"),
    [
        ("thing_id,Start_Date,colour", ",", {"thing_id": 0, "Start_Date": 1, "colour": 2}),
        ("colour|thing_id|start_date", "|", {"colour": 0, "thing_id": 1, "Start_Date": 2}),
        ("Thing ID\tFROM DATE\n", "\t", {"thing_id": 0, "Start_Date": 1}),
        ('"thing_id";"Beginning"\r\n', ";", {"thing_id": 0, "Start_Date": 1}),
        ('\n\n"thing_id","Start\nDate"\nx,y', ",", {"thing_id": 0, "Start_Date": 1}),
        ("thing_id,,Start_Date,,", ",", {"thing_id": 0, "Start_Date": 2}),
        ("Beginning,thing_id,Start_Date\n", ",", {"Start_Date": 2, "thing_id": 1}),
    ],
)
def test_header(line: str, delimiter: str, positions: dict[str, int]) -> None:
    header = read_header(decode(line.encode()), TABLE)
    assert (header.delimiter, header.positions) == (delimiter, positions)


def test_header_counts_what_it_does_not_know() -> None:
    header = read_header(decode(b"thing_id,Start_Date,x,thing_id,y\n1,2,3,4,5\n"), TABLE)
    assert (header.width, header.extra, header.repeated, header.body) == (5, 2, ("thing_id",), 33)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("thing_id,colour\n", "lacks Start_Date"),
        ("1,2025-01-01,red\n", "lacks thing_id, Start_Date"),
        ("thing_id,Start_Date,col", "ends inside the header"),
        ("thing_id,Start_Da", "lacks Start_Date"),
    ],
)
def test_a_header_that_will_not_do(line: str, words: str) -> None:
    with pytest.raises(RejectedFileError, match=words):
        read_header(decode(line.encode()), TABLE)


@pytest.mark.parametrize(
    "data",
    # Named: a compressed file holds the time, and every test worker must know a test by the same name.
    [
        pytest.param(gzip.compress(b"a,b\n1,2\n" * 9, mtime=0), id="gzip"),
        pytest.param(b"PK\x03\x04" + b"\n" * 90, id="zip"),
        pytest.param(b"PAR1" + b"\n" * 90, id="parquet"),
    ],
)
def test_what_is_packed_is_read_whole_and_never_cut(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert first_bytes(tmp_path / "a", 20) == (data, False)


def test_text_is_cut_behind_a_record(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a,b\n1,2\n3,4\n")
    assert first_bytes(tmp_path / "a", 10) == (b"a,b\n1,2\n", True)
