"""Which words of a data set's codes may be kept? Those that could not name one person.

A MEDS code may be any text, and often is words: a medicine, a ward, a group of diagnoses. Nothing tells a medicine from
a name that was typed into the wrong column, but that a name is one person's. So a word counts as part of a code if it
is short, a usual word of such data sets, or said of several subjects; with any other its part of the code becomes
`unreadable`. What has the shape of a code (`220045`, `F32`) is one, whoever it is said of, unless it tells of a person.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.sources.mappings.macros import UNIT_PARTS, UNITS, is_personal
from washhouse.sources.parquet import check_text
from washhouse.sources.rules import RejectedFileError

FEWEST_SUBJECTS = 3
"""Subjects of whom a word must be said: the people of one household may share a name."""
MOST_WORDS = 1 << 20
"""Words that are counted; of a data set with more than that, further ones are not kept."""
BATCH_ROWS = 131_072

_USUAL = """
meds birth death gender male female race ethnicity language marital insurance unknown other none
hospital admission discharge registration transfer admit emergency urgent elective inpatient outpatient visit icu
diagnosis procedure medication infusion start stop started stopped administered given subject fluid output input
condition drug device measurement observation specimen note condition vital sign score
blood pressure systolic diastolic lying sitting standing height weight body mass index inches kilograms centimetres
heart pulse respiratory rate temperature oxygen saturation
snomed loinc rxnorm icd9cm icd10cm icd10pcs hcpcs hcfa
"""
USUAL = frozenset([*_USUAL.split(), *UNIT_PARTS.split(), *" ".join(UNITS).split()])
"""Words that are kept whoever they are said of."""

_CODE = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z.+*^_-]{0,31}")
_WORD = re.compile(r"[^\W_]+")
_SHORT = re.compile(r"[^\W\d_]{1,3}|[0-9]{1,3}[^\W\d_]{0,3}")


def doubtful_words(code: str) -> Iterator[str]:
    """Words of a code, or of a part of one, that could name somebody, in lower case.

    >>> list(doubtful_words("MEDICATION//Morphine SR (5mg)//Given")), list(doubtful_words("LAB//220045//mEq/L"))
    (['morphine'], [])
    >>> list(doubtful_words("DIAGNOSIS//ICD//10//F32")), list(doubtful_words("Ada Lovelace, LS2 4AP"))
    ([], ['lovelace', 'ls2'])
    """
    for piece in code.split("/"):
        if not _CODE.fullmatch(piece):
            words = (word.lower() for word in _WORD.findall(piece) if not _SHORT.fullmatch(word))
            yield from (word for word in words if word not in USUAL)


def is_kept(part: str, shared: Collection[str]) -> bool:
    """Whether a part of a code may be kept.

    Args:
        part: The part.
        shared: Words that are said of several subjects.

    >>> is_kept("Milrinone", {"milrinone"}), is_kept("Lovelace", {"milrinone"}), is_kept("00071022223", ())
    (True, False, True)
    >>> is_kept("12/03/1950", {"1950"}), is_kept("07700 900123", {"07700", "900123"})
    (False, False)
    """
    told = {part, part.replace(" ", ""), part.replace("/", "-")}
    # No number of a person or telephone begins with 00; the 11 digits of a medicine (NDC) often do.
    names = any(is_personal(one) for one in told if not one.startswith("00"))
    return not names and all(word in shared for word in doubtful_words(part))


def words_of_several(files: Iterable[Path]) -> frozenset[str]:
    """Doubtful words in the codes of at least `FEWEST_SUBJECTS` subjects of a data set.

    Args:
        files: Its files; what cannot be read has no words, and is refused when it is read.
    """
    whose: defaultdict[str, set[object]] = defaultdict(set)
    for path in files:
        try:
            with path.open("rb") as opened, pq.ParquetFile(opened) as parquet:
                if {"subject_id", "code"} <= set(parquet.schema_arrow.names):
                    for batch in parquet.iter_batches(BATCH_ROWS, columns=["subject_id", "code"]):
                        _count(batch, whose)
        except (pa.ArrowException, OSError, RejectedFileError):
            continue
    return frozenset(word for word, subjects in whose.items() if len(subjects) >= FEWEST_SUBJECTS)


def _count(batch: pa.RecordBatch, whose: defaultdict[str, set[object]]) -> None:
    """Note the subjects of each doubtful word, as long as there are too few."""
    check_text(batch)
    split = batch.column("code").cast(pa.string()).dictionary_encode()
    words = {at: [*doubtful_words(code)] for at, code in enumerate(split.dictionary.to_pylist())}
    open_ = [at for at, said in words.items() if any(len(whose.get(one, ())) < FEWEST_SUBJECTS for one in said)]
    rows = pa.table({"code": split.indices, "subject": batch.column("subject_id").cast(pa.string())})
    rows = rows.filter(pc.is_in(rows["code"], value_set=pa.array(open_, split.indices.type)))
    for row in rows.group_by(["code", "subject"]).aggregate([]).to_pylist():
        for word in words[row["code"]]:
            if (word in whose or len(whose) < MOST_WORDS) and len(whose[word]) < FEWEST_SUBJECTS:
                whose[word].add(row["subject"])
