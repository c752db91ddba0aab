"""What do a declared source's tables mean: who, and what happened?"""

from __future__ import annotations

from collections import defaultdict

from washhouse.sources.contract import SourceSpec, TableSpec
from washhouse.sources.declared import keys
from washhouse.sources.declared.codes import Coded, column_sql, listed_sql, read_code
from washhouse.sources.declared.document import Node
from washhouse.sources.declared.places import check_column, find_table, moment_columns
from washhouse.sources.declared.spec import LOCAL_ZONE
from washhouse.sources.mappings.contract import Mapping, Stage, States
from washhouse.sources.mappings.events import death_query, event_query
from washhouse.sources.mappings.spans import united

SEXES = {
    "male": ("m", "male", "1", "man", "boy"),
    "female": ("f", "female", "2", "woman", "girl"),
    "indeterminate": ("i", "indeterminate"),
}
"""What a column of sexes is taken to mean where the declaration does not say; anything else is missing."""

_TEXTS = (
    *("nhs_number", "first_name", "surname", "postcode", "address", "uprn", "phone"),
    *("ethnic_category", "small_area", "practice"),
)
_TYPES = {"birth_date": "DATE", "death_date": "DATE"}


def read_mapping(top: Node, spec: SourceSpec) -> Mapping:
    """Make the mapping of a declared source.

    Args:
        top: The declaration.
        spec: The contract that it makes, see `declared.spec`.

    Raises:
        InputError: `declaration-invalid`: it makes no sense; line and key are named.
    """
    zone = top.text("timezone", LOCAL_ZONE)
    identity = top.child("identity")
    own = find_table(identity, spec.tables)
    columns, query = _identity(identity, own)
    events = top.child("events").entries()
    queries: defaultdict[str, list[str]] = defaultdict(list)
    used: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for event in events:
        table = find_table(event, spec.tables)
        for sql, read in _event(event, table, spec, identity.text("person"), zone):
            queries[table.name].append(sql)
            used[table.name].update(dict.fromkeys(read))
    stages = [
        Stage(states=(States(_states_of(table), table, tuple(used[table])),), queries=tuple(queries[table]))
        for table in queries
    ]
    if identity.has("death_date"):
        stages.append(_deaths(own, identity.text("person"), identity.text("death_date")))
    states = States("declared_person", own.name, columns)
    return Mapping(spec.name, identities=(Stage(states=(states,), queries=(query,)),), events=tuple(stages))


def _states_of(table: str) -> str:
    return f"declared_{table}"


def _identity(node: Node, table: TableSpec) -> tuple[tuple[str, ...], str]:
    """Columns and query of the latest word on each person: for each field the newest row that says it counts."""
    kind = node.text("kind", "clear")
    person = node.text("person")
    named = {key: node.text(key) for key in keys.IDENTITY if key not in ("table", "kind", "sex") and node.has(key)}
    sex, sex_column = _sex(node)

    def newest(sql: str, type: str) -> str:
        return f"arg_max({sql}, latest)" if sql else f"CAST(NULL AS {type})"

    def field(key: str, type: str = "VARCHAR") -> str:
        sql = f'e."{named[key]}"' if type != "VARCHAR" else column_sql(named[key])
        return newest(sql, type)

    values = {key: field(key) if key in named else newest("", "VARCHAR") for key in _TEXTS}
    values |= {key: field(key, type) if key in named else newest("", type) for key, type in _TYPES.items()}
    pseudonym = named.get("pseudonym", person if kind == "pseudonym" else "")
    values["pseudo_nhs_number"] = newest(column_sql(pseudonym) if pseudonym else "", "VARCHAR")
    values["sex"] = newest(sex, "VARCHAR")
    values["restricted"] = f"coalesce({field('restricted', 'BOOLEAN')}, false)" if "restricted" in named else "false"
    values["deprivation_decile"] = "CAST(NULL AS INTEGER)"
    values |= {"first_seen": "min(_recorded_at)", "last_seen": "max(_last_seen_at)"}
    listed = ", ".join(f"{sql} AS {name}" for name, sql in values.items())
    columns = tuple(dict.fromkeys((*named.values(), *([sex_column] if sex_column else []), person)))
    return (
        columns,
        f"""
        SELECT {column_sql(person)} AS source_id, '{kind}' AS identity_kind, {listed}
        FROM (SELECT *, row(_superseded_at IS NULL, _last_seen_at, _recorded_at, _source_file, _source_row) AS latest
              FROM declared_person) AS e
        WHERE e."{person}" IS NOT NULL GROUP BY ALL""",
    )


def _sex(node: Node) -> tuple[str, str]:
    """SQL of a person's sex, and its column; both empty if the declaration names none."""
    if not node.has("sex"):
        return "", ""
    codes: dict[str, tuple[str, ...]] = dict(SEXES)
    part, column = node.child("sex"), ""
    if isinstance(part.value, dict):
        part.section(("column", *SEXES))
        column = part.text("column")
        codes = {name: part.texts(name) for name in SEXES if part.has(name)}
    else:
        column = node.text("sex")
    cases = " ".join(
        f"WHEN lower(trim({column_sql(column)})) IN ({', '.join(_constant(code.casefold()) for code in listed)}) "
        f"THEN '{name}'"
        for name, listed in codes.items()
        if listed
    )
    if not cases:
        part.refuse('say which codes mean which sex: male = ["1"], female = ["2"].')
    return f"CASE {cases} END", column


def _event(node: Node, table: TableSpec, spec: SourceSpec, person: str, zone: str) -> list[tuple[str, tuple[str, ...]]]:
    """Query and columns of each event that a row may tell of."""
    read: dict[str, None] = {}

    def column(key: str, *types: str) -> str:
        name = node.text(key)
        if not name:
            return ""
        found = check_column(node, table.columns, name, key)
        if types and found.type not in types:
            node.refuse(f"the column {name} must be of type {' or '.join(types)}, and is {found.type}.", key=key)
        read[name] = None
        return name

    def moment(key: str) -> tuple[str, str]:
        names = moment_columns(node, table, key)
        read.update(dict.fromkeys(name for name in names if name))
        return names

    source_id = node.text("person", person)
    read[source_id] = None
    start = _moment_sql(*moment("time"), table, zone)
    given = {"source_id": column_sql(source_id), "time": start}
    if node.has("end"):
        end = _moment_sql(*moment("end"), table, zone)
        given["end_time"] = f"CASE WHEN {end} IS NOT NULL THEN greatest({end}, {start}) END"
    if node.has("recorded"):
        day, clock = moment("recorded")
        known = _moment_sql(day, clock, table, zone)
        is_day = not clock and table.column(day).type == "date"
        own = f'end_of(e."{day}")' if is_day else known
        given["recorded_at"] = f"known_at({own}, e._recorded_at, e._not_before)"
    if value := column("value", "int", "float"):
        given["numeric_value"] = f'CAST(e."{value}" AS DOUBLE)'
    given |= _unit(node, table, value, read) if node.has("unit") else {}
    if text := column("text", "code"):
        if table.column(text).allowed is None:
            node.refuse(f"the column {text} needs codes: free text never enters the record.", key="text")
        given["text_value"] = f"CASE WHEN {column_sql(text)} IS NOT NULL THEN {listed_sql(table.column(text))} END"
    if ref := column("ref"):
        given["ref"] = _opaque(spec.name, table.name, ref)
    if parent := column("parent"):
        if table.parent is None or table.child_key != parent:
            node.refuse(f'the table\'s own parent must name {parent}: parent = "table.{parent}".', key="parent")
        given["parent_ref"] = _opaque(spec.name, table.parent[0], parent)
    for key in ("team", "worker"):
        if local := column(key, "text", "code", "int"):
            if table.column(local).personal:
                node.refuse(f"the column {local} names a person.", key=key)
            given[key] = f"CASE WHEN is_code('LOCAL', {column_sql(local)}) THEN {column_sql(local)} END"
    conditions = [f"{start} IS NOT NULL", *_where(node, table, read)]
    found = []
    for coded in _codes(node, table):
        where = " AND ".join([*conditions, *([coded.where] if coded.where else [])])
        sql = event_query(f"{_states_of(table.name)} AS e", where=where, code=coded.sql, **given)
        found.append((sql, tuple(dict.fromkeys((*read, *coded.columns)))))
    return found


def _codes(node: Node, table: TableSpec) -> list[Coded]:
    templates = node.texts("code")
    if not templates:
        node.refuse('say what the event is: code = "DN_VISIT//{kind}".', key="code")
    return [read_code(node, "code", template, table) for template in templates]


def _unit(node: Node, table: TableSpec, value: str, read: dict[str, None]) -> dict[str, str]:
    unit = node.text("unit")
    if not value:
        node.refuse("a unit belongs to a value: name its column, value = ...", key="unit")
    sql = _constant(unit)
    if unit.startswith("{") and unit.endswith("}"):
        name = check_column(node, table.columns, unit[1:-1], "unit").name
        read[name] = None
        sql = column_sql(name)
    return {"unit": f'CASE WHEN e."{value}" IS NOT NULL THEN unit_of({sql}) END'}


def _where(node: Node, table: TableSpec, read: dict[str, None]) -> list[str]:
    conditions = []
    for name, part in node.child("where").items() if node.has("where") else ():
        column = check_column(part, table.columns, name, "")
        values = node.child("where").texts(name)
        if not values or column.type not in ("text", "code", "int"):
            part.refuse(f'a list of texts is expected, and {name} to be a text, code or int: {name} = ["5", "6"].')
        read[name] = None
        conditions.append(f"{column_sql(name)} IN ({', '.join(map(_constant, values))})")
    return conditions


def _moment_sql(day: str, clock: str, table: TableSpec, zone: str) -> str:
    """SQL of a moment in UTC; a day without a time stays at its 00:00. Moments of one column are local once read."""
    if clock and zone != LOCAL_ZONE:
        moment = f'CAST(e."{day}" AS DATE) + CAST(e."{clock}" AS TIME)'
        utc = f"timezone('UTC', timezone('{zone}', {moment}))"
        return f'CASE WHEN e."{clock}" IS NULL THEN CAST(e."{day}" AS TIMESTAMP) ELSE {utc} END'
    if clock:
        return f'utc(e."{day}", e."{clock}")'
    is_day = table.column(day).type == "date"
    return f'CAST(e."{day}" AS TIMESTAMP)' if is_day else f'utc_moment(e."{day}")'


def _opaque(source: str, table: str, column: str) -> str:
    return f"opaque('{source}', '{table}', e._provider, {column_sql(column)})"


def _deaths(table: TableSpec, person: str, day: str) -> Stage:
    once = united(f'(SELECT * FROM declared_death WHERE "{day}" IS NOT NULL)', (f'"{person}"', f'"{day}"'), ())
    return Stage(
        states=(States("declared_death", table.name, (person, day)),),
        derived=(("declared_death_once", once),),
        queries=(death_query("declared_death_once", person, day),),
    )


def _constant(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
