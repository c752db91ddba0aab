"""What does a MEDS data set hold: one event a row, by subject, time and code?

A file or folder of Parquet under MEDS 0.4 (`subject_id, time, code, numeric_value, text_value`), or under its near kin
with one column `value`. Files are read a batch of rows at a time, and every row is accounted for. Events without a time
are facts that stand (sex, for one) and are kept. De-identified data may lie in the future: what is plausible is judged
against the newest event, or the reference date handed in.

**Text**: MEDS allows any text in a value and in a code. Of a value is kept what has the shape of a code: a number (it
becomes the numeric value), one of a few result words, or one token of at most 16 characters without lower-case letters
that is short or holds a digit or sign. All else is taken for free text and set to missing with a warning. A part of a
code that could name somebody is `unreadable`, with a warning (`meds_words`).

References:
    Medical Event Data Standard 0.4, https://github.com/Medical-Event-Data-Standard/meds (columns, MEDS_BIRTH,
    MEDS_DEATH).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.core.errors import InputError
from washhouse.core.time import midnight
from washhouse.sources.account import Ledger, Part, digest_keys
from washhouse.sources.columns import key, moment, number, text
from washhouse.sources.contract import SourceSpec, TableSpec
from washhouse.sources.digest import digest_rows
from washhouse.sources.file import typed_schema
from washhouse.sources.file_names import Labels
from washhouse.sources.mappings.macros import is_personal
from washhouse.sources.meds_words import BATCH_ROWS, is_kept, words_of_several
from washhouse.sources.parquet import check_text
from washhouse.sources.parts import join_parts
from washhouse.sources.result import ISSUES, SET_ASIDE, BatchResult, ReadResult
from washhouse.sources.rules import RejectedFileError, reason
from washhouse.sources.validate import Finding

EVENT = TableSpec(
    "event",
    description="one row per event of a subject; no time means that the fact stands",
    business_key=("subject_id", "time", "code", "numeric_value", "text_value"),
    identity="pseudonym",
    columns=(
        key("subject_id", "text", personal=True),
        moment("time", description="naive UTC"),
        key("code", "text", description="`vocabulary//code`"),
        number("numeric_value"),
        text("text_value", description="short and coded, never free text"),
    ),
)

SPEC = SourceSpec(
    "meds",
    "Imported data set (MEDS)",
    description="A de-identified data set; each subject is a person of their own.",
    references=("Medical-Event-Data-Standard/meds 0.4",),
    tables=(EVENT,),
)

SHARDS = ("", "data", "events", "part", "shard")
"""Names of files that a data set's files keep, with or without a number behind them."""
SPLITS = ("data", "train", "tuning", "held_out")
"""Names of folders that are kept."""
MOST_CODE_LETTERS = 200
MOST_TEXT_LETTERS = 16
MOST_NAMELESS = 3
"""Letters of a text that is kept without a digit or sign: longer ones could be a name."""
UNREADABLE = "unreadable"
FIRST_YEAR = 1800
RESULT_WORDS = frozenset(
    [
        "abnormal",
        "absent",
        "clear",
        "cloudy",
        "detected",
        "high",
        "large",
        "low",
        "moderate",
        "negative",
        "none",
        "normal",
        "positive",
        "present",
        "small",
        "trace",
        "yellow",
    ]
)
"""Result words that are kept whatever their case."""

_TOKEN = re.compile(rf"[0-9A-Z<>=+./%_^*-]{{1,{MOST_TEXT_LETTERS}}}")
_SIGN = re.compile("[0-9<>=+%^*]")
_READ = ("subject_id", "time", "code", "numeric_value", "value", "text_value")
_PLAIN_VOCABULARY = re.compile(r"[A-Z][A-Z0-9_]*")


def read_meds(path: Path, reference: date | None = None, *, batch: str = "") -> BatchResult:
    """Read a MEDS data set.

    Args:
        path: A Parquet file, or a folder of them (the folder `metadata` is left alone).
        reference: Declared date; later events are set aside. None: the day of the newest event.
        batch: Name of the batch; empty for the reference date.

    Returns:
        The batch: every file, and the rows of all accepted ones as the table `event`, with `_file`.

    Raises:
        InputError: `meds-not-found`: there is no Parquet file at the path.
    """
    sources, labels = find_files(path), Labels(SHARDS, SPLITS)
    origins = {labels.label(name, "shard"): name for name in sorted(sources)}
    shared = words_of_several(sources.values())
    files = {label: _read_file(sources[name], label, reference, shared) for label, name in origins.items()}
    accepted = [read for read in files.values() if not read.rejected]
    day = reference or _newest_day(accepted) or date(1970, 1, 1)
    return BatchResult(
        source=SPEC.name,
        batch=batch or day.isoformat(),
        as_of=day,
        # The newest event happened on that day, so the data set was made after it.
        submitted_at=midnight(day + timedelta(days=1)),
        period_start=None,
        period_end=None,
        provider=None,
        kind="full",
        files=files,
        tables={EVENT.name: join_parts(EVENT.name, accepted)} if accepted else {},
        origins=origins,
    )


def meds_code(code: str, shared: Collection[str] = ()) -> str | None:
    """Write a code as `vocabulary//code`; None if it cannot be one.

    Args:
        code: As sent.
        shared: Words that are said of several subjects: they name none.

    >>> meds_code("LAB//50912//mg/dL"), meds_code("MEDS_BIRTH"), meds_code("Blood Pressure"), meds_code("x" * 300)
    ('LAB//50912//mg/dL', 'MEDS_BIRTH//recorded', 'MEDS//Blood Pressure', None)
    >>> meds_code("MEDICATION//Senna//Given", {"senna"}), meds_code("MEDICATION//Lovelace//Given", {"senna"})
    ('MEDICATION//Senna//Given', 'MEDICATION//unreadable//Given')
    """
    plain = code.strip()
    if not plain or len(plain) > MOST_CODE_LETTERS or not plain.isprintable() or plain.startswith("//"):
        return None
    vocabulary, *rest = (part if is_kept(part, shared) else UNREADABLE for part in plain.split("//"))
    if rest:
        return "//".join(["MEDS" if vocabulary == UNREADABLE else vocabulary, *rest])
    return f"{vocabulary}//recorded" if _PLAIN_VOCABULARY.fullmatch(vocabulary) else f"MEDS//{vocabulary}"


def meds_text(value: str) -> tuple[float | None, str | None, bool]:
    """Split a text into a number or a short coded text, and say whether it had to be dropped.

    >>> meds_text(" 4.5 "), meds_text("NEG"), meds_text("Positive"), meds_text("seen by Dr Example")
    ((4.5, None, False), (None, 'NEG', False), (None, 'positive', False), (None, None, True))
    >>> meds_text("SMITH"), meds_text("9434765919"), meds_text("1970-01-31"), meds_text("L8-1TN")
    ((None, None, True), (None, None, True), (None, None, True), (None, None, True))
    """
    plain = value.strip()
    if not plain:
        return None, None, False
    try:
        found = float(plain)
    except ValueError:
        found = math.nan
    if math.isfinite(found):
        return (None, None, True) if plain.isdigit() and is_personal(plain) else (found, None, False)
    if plain.lower() in RESULT_WORDS:
        return None, plain.lower(), False
    is_code = _TOKEN.fullmatch(plain) and (len(plain) <= MOST_NAMELESS or _SIGN.search(plain))
    return (None, plain, False) if is_code and not is_personal(plain) else (None, None, True)


def find_files(path: Path) -> dict[str, Path]:
    """Parquet files of a data set by name inside it (the folder `metadata` is left alone).

    Raises:
        InputError: `meds-not-found`: there is no Parquet file at the path.
        OSError: A folder may not be read.
    """
    if path.is_file():
        return {path.name: path}
    files = sorted(_files_below(path)) if path.is_dir() else []
    found = {
        file.relative_to(path).as_posix(): file
        for file in files
        if file.suffix == ".parquet" and "metadata" not in file.relative_to(path).parts[:-1]
    }
    if not found:
        raise InputError(
            "meds-not-found",
            "There is no Parquet file at that path.",
            "Name a file, or a folder that holds the files of a MEDS data set.",
        )
    return found


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file; a folder that may not be read is an error, not empty."""

    def stop(error: OSError) -> None:
        raise error

    for root, _, names in os.walk(folder, onerror=stop):
        yield from (Path(root, name) for name in names)


def _read_file(path: Path, name: str, reference: date | None, shared: Collection[str]) -> ReadResult:
    try:
        file = pq.ParquetFile(path.open("rb"))  # by itself Arrow opens no file whose name is no text
    except (pa.ArrowInvalid, OSError):
        return _refuse(name, RejectedFileError("unreadable-file", detail="it is no Parquet file"), 0)
    with file:
        lines = file.metadata.num_rows
        try:
            _check_columns(file.schema_arrow)
            return _account(file.iter_batches(BATCH_ROWS), name, reference, shared)
        except RejectedFileError as refused:
            return _refuse(name, refused, lines)
        except (pa.ArrowException, OSError):
            return _refuse(name, RejectedFileError("truncated-file", detail="a page cannot be read"), lines)


def _check_columns(schema: pa.Schema) -> None:
    for name in ("subject_id", "time", "code"):
        if name not in schema.names:
            raise RejectedFileError("missing-key-column", name)
    kind = schema.field("time").type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise RejectedFileError("unreadable-file", detail="its column time holds no times")
    if any(pa.types.is_nested(schema.field(name).type) for name in _READ if name in schema.names):
        raise RejectedFileError("unreadable-file", detail="a column holds lists or records, which no table has")


def _account(
    batches: Iterator[pa.RecordBatch], name: str, reference: date | None, shared: Collection[str]
) -> ReadResult:
    ledger = Ledger(EVENT, file=name, schema=typed_schema(EVENT))
    start = 1
    for batch in batches:
        check_text(batch)
        rows = np.arange(start, start + batch.num_rows, dtype=np.int64)
        start += batch.num_rows
        typed, findings, bad = _type_batch(batch, rows, reference, shared)
        # Lines are identical if they say the same once read; of lines set aside the code as sent tells them apart.
        sent = pc.coalesce(typed.column("code"), batch.column("code").cast(pa.string()))
        digests = digest_rows([sent, *(typed.column(name) for name in EVENT.business_key)])
        kept = typed.filter(pa.array(~bad))
        part = Part(rows, digests, pa.Table.from_batches([kept]), digest_keys(kept, EVENT))
        part.findings += [one for one in findings if len(one.rows)]
        aside = np.flatnonzero(bad)
        if len(aside):
            listed = [json.dumps(raw, default=str) for raw in batch.take(pa.array(aside)).to_pylist()]
            part.raw.append((rows[aside], pa.array(listed, pa.string())))
        ledger.add(part)
    return ledger.close("parquet", "", [])


def _type_batch(
    batch: pa.RecordBatch,
    rows: np.ndarray[Any, np.dtype[np.int64]],
    reference: date | None,
    shared: Collection[str],
) -> tuple[pa.RecordBatch, list[Finding], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Type one batch; returns the rows, what is wrong with them, and which must be set aside."""
    findings: list[Finding] = []
    bad = np.zeros(batch.num_rows, dtype=np.bool_)

    def find(rule: str, column: str, where: pa.Array, detail: str = "", *, aside: bool) -> None:
        hit = where.fill_null(False).to_numpy(zero_copy_only=False)
        findings.append(Finding(rule, column, reason(rule, column, detail), rows[hit]))
        if aside:
            bad[hit] = True

    subject = batch.column("subject_id").cast(pa.string())
    find("missing-key", "subject_id", subject.is_null(), aside=True)
    code = batch.column("code").cast(pa.string())
    find("missing-key", "code", code.is_null(), aside=True)
    written = _by_value(code, partial(meds_code, shared=shared), pa.string())
    find("bad-key-format", "code", pc.and_(code.is_valid(), written.is_null()), "a code", aside=True)
    unreadable = pc.match_substring(written, f"//{UNREADABLE}")
    find("bad-format", "code", unreadable, "a code, or words that several subjects share", aside=False)
    time = _naive(batch.column("time"))
    find("impossible-date", "time", pc.less(pc.year(time), FIRST_YEAR), aside=True)
    if reference is not None:
        end = pa.scalar(midnight(reference + timedelta(days=1)), pa.timestamp("us"))
        find("future-date", "time", pc.greater_equal(time, end), aside=True)
    numeric, words = _values(batch, find)
    typed = pa.RecordBatch.from_arrays(
        [subject, time, written, numeric, words, pa.array(rows)], schema=typed_schema(EVENT)
    )
    return typed, findings, bad


def _values(batch: pa.RecordBatch, find: Callable[..., None]) -> tuple[pa.Array, pa.Array]:
    """Numbers and short texts, whichever columns hold them."""
    numeric = pa.nulls(batch.num_rows, pa.float64())
    words = pa.nulls(batch.num_rows, pa.string())
    for name in ("numeric_value", "value", "text_value"):
        if name not in batch.schema.names:
            continue
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            given = column.cast(pa.float64())
            is_number = pc.is_finite(given)
            find("bad-format", "numeric_value", pc.invert(is_number), "a number", aside=False)
            numeric = pc.coalesce(numeric, pc.if_else(is_number, given, pa.scalar(None, pa.float64())))
        else:
            given = column.cast(pa.string())
            split = given.dictionary_encode()
            parts = [meds_text(value) for value in split.dictionary.to_pylist()]
            dropped = pa.array([part[2] for part in parts], pa.bool_()).take(split.indices)
            find("bad-format", "text_value", dropped, "a short coded text, not free text", aside=False)
            numeric = pc.coalesce(numeric, pa.array([part[0] for part in parts], pa.float64()).take(split.indices))
            words = pc.coalesce(words, pa.array([part[1] for part in parts], pa.string()).take(split.indices))
    return numeric, words


def _by_value(column: pa.Array, function: Callable[[str], str | None], kind: pa.DataType) -> pa.Array:
    """Apply a function once to each distinct value."""
    split = column.dictionary_encode()
    return pa.array([function(value) for value in split.dictionary.to_pylist()], kind).take(split.indices)


def _naive(time: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(time.type) and time.type.tz is not None:
        time = time.cast(pa.timestamp(time.type.unit, "UTC"))
        time = time.cast(pa.timestamp(time.type.unit))
    return time.cast(pa.timestamp("us"), safe=False)


def _refuse(name: str, refused: RejectedFileError, lines: int) -> ReadResult:
    issue = {"row": 0, "column": None, "rule": refused.rule, "severity": "reject", "reason": str(refused)}
    return ReadResult(
        file=name,
        table=EVENT.name,
        rows=typed_schema(EVENT).empty_table(),
        issues=pa.Table.from_pylist([issue], ISSUES),
        set_aside=SET_ASIDE.empty_table(),
        lines=lines,
        accepted=0,
        warned=0,
        quarantined=lines,
        duplicates=0,
        rejected=True,
        reason=str(refused),
    )


def _newest_day(reads: Sequence[ReadResult]) -> date | None:
    newest: list[datetime] = [pc.max(read.rows.column("time")).as_py() for read in reads if read.rows.num_rows]
    return max((moment.date() for moment in newest if moment is not None), default=None)
