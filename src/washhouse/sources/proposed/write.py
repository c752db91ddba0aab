"""Which declaration could be made of a file's profile?

Every guess is said in a comment; `(?)` marks what the values do not bear out. The proposal is valid TOML, and what it
could not find out is left empty, so that `washhouse source check` names the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from washhouse.sources.contract import plain
from washhouse.sources.declared.keys import IDENTITY
from washhouse.sources.declared.mapping import SEXES
from washhouse.sources.proposed.profile import ColumnProfile
from washhouse.sources.proposed.sample import Sample
from washhouse.sources.proposed.words import says

_START = (
    *("event", "contact", "visit", "appoint", "attend", "arriv", "admi", "start", "issue", "seen", "test", "sample"),
    *("referr", "session", "assess", "onset", "from"),
)
_END = ("end", "ended", "enddate", "endtime", "disch", "finish", "until", "depart", "clos", "stop")
_RECORDED = ("record", "enter", "creat", "updat", "load", "extract", "submi", "modif")
_KINDS = ("type", "kind", "activity", "category", "service", "reason", "outcome", "code", "mode", "purpose")
_KEYS = re.compile(r"(?:id|ref|reference|key|identifier|no|number|ident|seq|uuid|guid)$")
_COMMENT_AT = 44


@dataclass(frozen=True)
class _Roles:
    """Which column plays which part."""

    person: str
    kind: str
    identity: dict[str, ColumnProfile]
    key: tuple[str, ...]
    time: tuple[str, ...]
    end: tuple[str, ...]
    recorded: str
    codes: tuple[ColumnProfile, ...]
    category: ColumnProfile | None
    value: str
    unit: str


def name_source(file: str, taken: Collection[str] = ()) -> str:
    """A name for the source of a file: the file's, without what changes from one to the next.

    >>> name_source("DN Visits_2025-07.csv"), name_source("2025.csv"), name_source("gp.csv", ["gp"])
    ('dn_visits', 'source', 'gp_feed')
    """
    stem = re.sub(r"[^a-z0-9]+", "_", PurePosixPath(file).stem.casefold())
    stem = re.sub(r"(?:_?\d+)+$", "", stem).strip("_")[:36]
    name = stem if re.fullmatch(r"[a-z][a-z0-9_]+", stem) else "source"
    return f"{name}_feed" if name in taken else name


def write_proposal(sample: Sample, columns: Sequence[ColumnProfile], name: str) -> str:
    """Write a declaration with comments.

    Args:
        sample: The rows looked at.
        columns: Their profile.
        name: Name of the source, see `name_source`.

    Returns:
        TOML.
    """
    roles = _find_roles(columns)
    rows = f"all {sample.rows:,}" if sample.whole else f"{sample.rows:,} of about {sample.total:,}"
    lines = [
        f"# Proposed from {rows} rows of a file of {len(columns)} columns. (?) marks guesses: read them.",
        "# 1. Correct it.   2. washhouse source check THIS.toml FILE   3. Put it into HOME/sources.",
        "# Every key: docs/reference/source-declaration.md",
        "",
        f"name = {_text(name)}",
        f"title = {_text(name.replace('_', ' ').capitalize())}",
        _with_comment(
            'delivery = "snapshot"', '(?) all there is, each time; else "replace-period" (with [period]) or "delta"'
        ),
        "",
        f"[tables.{name}]",
        _with_comment("# aliases = []", "other names of the file; a date or number may follow each"),
        *_key_lines(roles),
        "",
        "# Codes that are listed stand in the record where an event uses them: read them.",
        f"[tables.{name}.columns]",
        *(_column_line(column) for column in columns),
        "",
        *_identity_lines(roles, columns),
        "",
        *_event_lines(roles, name, columns),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _find_roles(columns: Sequence[ColumnProfile]) -> _Roles:
    by_role: dict[str, list[ColumnProfile]] = {}
    for column in columns:
        by_role.setdefault(column.guess.role, []).append(column)
    identity = {role: by_role[role][0] for role in IDENTITY if role in by_role and role != "person"}
    if "sex" in identity:
        identity["sex"] = next((one for one in by_role["sex"] if _tells_sex(one)), identity["sex"])
    person = next((by_role[role][0].name for role in ("person", "nhs_number", "pseudonym") if role in by_role), "")
    is_pseudonym = "pseudonym" in by_role and not {"nhs_number", "surname", "postcode"} & by_role.keys()
    if is_pseudonym:
        identity = {role: column for role, column in identity.items() if not column.guess.personal}
        person = by_role["pseudonym"][0].name
    key = _find_key(columns, person)
    if not person and identity and key:
        person = key[0]
    times = by_role.get("time", [])
    start = _best(times, _START, avoid=(*_END, *_RECORDED))
    end = next((one for one in times if one is not start and says(one.header, _END)), None)
    recorded = next((one for one in times if one not in (start, end) and says(one.header, _RECORDED)), None)
    clocks = by_role.get("clock", [])
    category = _best([one for one in by_role.get("category", []) if one.distinct > 1], _KINDS)
    open_codes = [one for one in columns if one.guess.type == "text" and not one.guess.personal and not one.unique]
    category = next((one for one in open_codes if plain(one.header) in ("code", "eventcode")), category)
    return _Roles(
        person=person,
        kind="pseudonym" if is_pseudonym else "clear",
        identity=identity,
        key=key,
        time=_with_clock(start, clocks, alone=True),
        end=_with_clock(end, clocks),
        recorded=recorded.name if recorded else "",
        codes=tuple(by_role.get("code", [])),
        category=category,
        value=next((one.name for one in by_role.get("value", [])), ""),
        unit=next((one.name for one in by_role.get("unit", [])), ""),
    )


def _best(
    columns: Sequence[ColumnProfile], words: tuple[str, ...], avoid: tuple[str, ...] = ()
) -> ColumnProfile | None:
    """The column whose header says one of the words, else the first that says nothing to be avoided, else the first."""
    wanted = [one for one in columns if says(one.header, words) and not says(one.header, avoid)]
    neutral = [one for one in columns if not says(one.header, avoid)]
    return next(iter((*wanted, *neutral, *columns)), None)


def _with_clock(day: ColumnProfile | None, clocks: Sequence[ColumnProfile], alone: bool = False) -> tuple[str, ...]:
    """A day's column and the column of its time of day, if their headers belong together."""
    if day is None:
        return ()
    if day.guess.type == "date":
        stem = plain(day.header).replace("date", "")
        for clock in clocks:
            if plain(clock.header).replace("time", "") == stem or (alone and len(clocks) == 1):
                return (day.name, clock.name)
    return (day.name,)


def _find_key(columns: Sequence[ColumnProfile], person: str) -> tuple[str, ...]:
    unique = [
        one for one in columns if one.unique and one.guess.type in ("text", "code", "int", "nhs_number", "pseudonym")
    ]
    named = [one.name for one in unique if _KEYS.search(plain(one.header)) and one.name != person]
    others = [one.name for one in unique if one.name == person or one.guess.role == ""]
    return tuple((named or others)[:1])


def _key_lines(roles: _Roles) -> Iterator[str]:
    if roles.key:
        yield _with_comment(f"key = {_texts(roles.key)}", "no value stands twice in the rows looked at")
    else:
        yield _with_comment("# key = []", "(?) no column names a row alone: without a key a correction is a new row")


def _column_line(column: ColumnProfile) -> str:
    guess = column.guess
    options = {"type": _text(guess.type)}
    if guess.format:
        options["format"] = _text(guess.format)
    if guess.role == "category":
        options = {"codes": _texts(guess.codes)}
    if guess.future and guess.type in ("date", "datetime"):
        options["future"] = "true"
    if guess.personal and guess.type != "nhs_number" and guess.role in ("", "person"):
        options["personal"] = "true"
    if plain(column.name) != plain(column.header):
        options["aliases"] = _texts([column.header])
    short = len(options) == 1 and "type" in options
    value = options["type"] if short else "{ " + ", ".join(f"{key} = {one}" for key, one in options.items()) + " }"
    words = [f"{'' if guess.sure else '(?) '}{guess.why}", f"{column.distinct:,} distinct"]
    words += [f"{column.missing:,} missing"] if column.missing else []
    return _with_comment(f"{column.name} = {value}", "; ".join(words))


def _identity_lines(roles: _Roles, columns: Sequence[ColumnProfile]) -> Iterator[str]:
    yield "[identity]"
    if roles.kind == "pseudonym":
        yield _with_comment('kind = "pseudonym"', "no column names anybody: people join by the pseudonym")
    if roles.person:
        own = next(one for one in columns if one.name == roles.person)
        why = "the sender's id of the person"
        if own.guess.role != "person":
            why = "(?) no id of a person was found" + ("; with this each row is one" if own.unique else "")
        yield _with_comment(f"person = {_text(roles.person)}", why)
    else:
        yield _with_comment('person = ""', "(?) name the column with the sender's id of the person")
    for role, column in roles.identity.items():
        if column.name != roles.person or role == "nhs_number":
            yield _identity_line(role, column)


def _tells_sex(column: ColumnProfile) -> bool:
    """Whether a column's codes say by themselves which sex they mean."""
    codes = {code.casefold().removesuffix(".0") for code in column.guess.codes}
    return bool(codes & set(SEXES["male"]) and codes & set(SEXES["female"])) and "0" not in codes


def _identity_line(role: str, column: ColumnProfile) -> str:
    if role != "sex":
        return f"{role} = {_text(column.name)}"
    if _tells_sex(column):
        return _with_comment(f"sex = {_text(column.name)}", "M/F, male/female or 1/2; others count as not known")
    value = f"{{ column = {_text(column.name)}, male = [], female = [] }}"
    return _with_comment(f"sex = {value}", f"(?) say which is which of {', '.join(map(repr, column.guess.codes))}")


def _event_lines(roles: _Roles, name: str, columns: Sequence[ColumnProfile]) -> Iterator[str]:
    own = name.upper()
    if not roles.time:
        yield "# (?) No column with the day of something that happens was found: people alone come of this file."
        yield "# [[events]]"
        yield f'# code = "{own}//seen"'
        yield '# time = "column"'
        return
    coded = [f"{one.guess.vocabulary}//{{{one.name}}}" for one in roles.codes]
    why = "" if all(one.guess.sure for one in roles.codes) else "(?) the vocabulary is a guess"
    stands_alone = bool(coded) and not any(one.missing for one in roles.codes[:1])
    templates = coded
    if not stands_alone and roles.category is not None:
        templates = [f"{own}//{{{roles.category.name}}}"]
        why = f'(?) what the rows tell of; if it is always the same: "{own}//seen"'
    elif not stands_alone:
        templates, why = [f"{own}//seen"], "(?) no column says of what kind an event is"
    yield "[[events]]"
    yield _with_comment(f"code = {_one_or_more(templates)}", why)
    others = sum(one.guess.role == "time" for one in columns) > 1
    yield _with_comment(f"time = {_one_or_more(roles.time)}", "(?) of several dates this was taken" if others else "")
    if roles.end:
        yield _with_comment(f"end = {_one_or_more(roles.end)}", "(?) by its header")
    if roles.recorded:
        yield _with_comment(f"recorded = {_text(roles.recorded)}", "(?) when the sender knew of it, by its header")
    if roles.value:
        yield _with_comment(f"value = {_text(roles.value)}", "(?) the number that belongs to the code")
        if roles.unit:
            yield f'unit = "{{{roles.unit}}}"'
        else:
            unit = _unit_of(next(one.header for one in columns if one.name == roles.value))
            yield f"unit = {_text(unit)}" if unit else _with_comment('# unit = "min"', "its unit")
    if roles.key and roles.key != (roles.person,):
        yield f"ref = {_text(roles.key[0])}"
    status = next((one for one in columns if "status" in plain(one.header) and one.guess.role == "category"), None)
    if status is not None:
        yield _with_comment(
            f"# where = {{ {status.name} = {_texts(status.guess.codes)} }}", "keep what really happened, if not all did"
        )
    if not stands_alone and coded:
        yield ""
        yield "[[events]]"
        yield _with_comment(f"code = {_one_or_more(coded)}", "an empty code gives no event")
        yield f"time = {_one_or_more(roles.time)}"


def _unit_of(header: str) -> str:
    """The unit that a header names, empty if it names none."""
    words = set(re.findall(r"[a-z]+", header.casefold()))
    units = {
        "min": ("min", "mins", "minutes"),
        "h": ("hours", "hrs"),
        "kg": ("kg",),
        "cm": ("cm",),
        "mmol/L": ("mmol",),
    }
    return next((unit for unit, names in units.items() if words & set(names)), "")


def _one_or_more(names: Sequence[str]) -> str:
    return _text(names[0]) if len(names) == 1 else _texts(names)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _texts(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(_text, texts)) + "]"


def _with_comment(line: str, comment: str) -> str:
    return f"{line.ljust(_COMMENT_AT)}  # {comment}" if comment else line
