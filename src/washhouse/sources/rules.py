"""Which rules does a file, a row or a value have to keep, and what happens if it does not?

Severities follow the national rules: a wrong format of a key field costs the row, an unknown national code does not.

References:
    nhsengland/Reusable-Code-Library, src/dsp/validations/mhsds_v6/validations.py (format of a key field rejects the
    record, an invalid national code is a warning).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["reject", "quarantine", "duplicate", "warning"]


@dataclass(frozen=True)
class Rule:
    """One rule of validation.

    Attributes:
        name: Stable kebab-case name.
        severity: `reject` refuses the file, `quarantine` sets the row aside, `duplicate` counts it once, `warning`
            keeps it.
        reason: What is wrong and what was expected, in words for a steward; `{column}` is the declared column and
            `{detail}` what the contract says. Never a value.
        action: What to do about it.
        detail: What `{detail}` stands for.
    """

    name: str
    severity: Severity
    reason: str
    action: str
    detail: str = ""


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "empty-file",
            "reject",
            "The file holds nothing, not even a header.",
            "Ask the sender to send it again; a table without rows is sent as its header alone.",
        ),
        Rule(
            "unreadable-file",
            "reject",
            "The file cannot be read as delimited text: {detail}.",
            "Ask for UTF-8, delimited by comma, bar, tab or semicolon, with double quotes.",
            "why",
        ),
        Rule(
            "no-json",
            "reject",
            "The file cannot be read as JSON: it breaks off, or is garbled.",
            "Ask the sender to send it again; nothing of it was used.",
        ),
        Rule(
            "truncated-file",
            "reject",
            "The file breaks off: {detail}.",
            "Ask the sender to send it again; nothing of it was used.",
            "where",
        ),
        Rule(
            "missing-key-column",
            "reject",
            "The header lacks {column}, which the contract requires; other names that it may have are on the page "
            "of the source.",
            "If the sender renamed the column, add its name as an alias to the contract; otherwise ask for the column.",
        ),
        Rule(
            "wrong-version",
            "reject",
            "{column} names a version of the data set that cannot be read; expected {detail}.",
            "Ask for the expected version, or add the version to the contract.",
            "the versions that can be read",
        ),
        Rule(
            "bad-header-table",
            "reject",
            "The batch's header table must hold exactly one good row, and does not.",
            "Ask the sender to send the batch again with its header.",
        ),
        Rule(
            "header-after-folder",
            "reject",
            "The batch's header says that it was made more than a month after the date of the batch's folder.",
            "Ask the sender which date is right; if it is the header's, name the folder by it and land it again.",
        ),
        Rule(
            "another-provider",
            "reject",
            "{column} names another provider than the one this home knows for the source, or several; a local id "
            "means somebody else at another provider.",
            "Give that provider a home of its own for now; nothing of it was used.",
        ),
        Rule(
            "missing-table",
            "reject",
            "The batch lacks the table {detail}, without which the others make no sense.",
            "Ask the sender for the whole batch again.",
            "that is named",
        ),
        Rule(
            "repeated-table",
            "reject",
            "Another file of the batch holds the same table, and was read.",
            "Ask the sender which of the two is meant, and to send one.",
        ),
        Rule(
            "unknown-file",
            "reject",
            "No table of the source has this name.",
            "Rename the file as its table, or add the name to the contract.",
        ),
        Rule(
            "unsafe-archive",
            "reject",
            "The archive was not opened: {detail}.",
            "Ask for the files themselves, or for a plain archive of them.",
            "why",
        ),
        Rule(
            "wrong-field-count",
            "quarantine",
            "The record has more or fewer fields than the header.",
            "A value with an unquoted delimiter or line end is the usual cause; ask the sender to quote values.",
        ),
        Rule(
            "no-resource",
            "quarantine",
            "The line holds no FHIR resource: it is no JSON object, or an entry without one.",
            "Ask the sender to send the line again; one cut short is a usual cause.",
        ),
        Rule(
            "missing-key",
            "quarantine",
            "{column} is missing; a row cannot be used without it.",
            "Ask the sender to complete the row.",
        ),
        Rule(
            "bad-key-format",
            "quarantine",
            "{column} cannot be read; expected {detail}. A row cannot be used without it.",
            "Ask the sender to correct the row.",
            "what its type asks for",
        ),
        Rule(
            "impossible-date",
            "quarantine",
            "{column} is written as a date, but no calendar has that day, or it lies before 1800.",
            "Ask the sender to correct the row; month and day in American order are a usual cause.",
        ),
        Rule(
            "future-date",
            "quarantine",
            "{column} lies after the batch's own date, and tells of something that has already happened.",
            "Ask the sender to correct the row. Planned, expected and expiry dates may lie ahead.",
        ),
        Rule(
            "code-not-allowed",
            "quarantine",
            "{column} holds a code that its declaration does not list, and may hold no other.",
            "Ask the sender what the code means; then list it, or declare that unlisted codes are kept.",
        ),
        Rule(
            "negative-duration",
            "quarantine",
            "{column} lies before {detail}.",
            "Ask the sender to correct the row.",
            "the start",
        ),
        Rule(
            "orphan-row",
            "quarantine",
            "{column} names a row of {detail} that is neither in the batch nor known.",
            "Ask the sender for the row it belongs to; a table that was cut or left out is a usual cause.",
            "the parent table",
        ),
        Rule(
            "parent-set-aside",
            "quarantine",
            "{column} names a row of {detail} that was itself set aside.",
            "Correct the row it belongs to; this one comes back with it.",
            "the parent table",
        ),
        Rule(
            "duplicate-row",
            "duplicate",
            "The record is identical to an earlier one of the file, and counts once.",
            "Nothing, unless there are many: then a join on the sender's side multiplies rows.",
        ),
        Rule(
            "bad-format",
            "warning",
            "{column} cannot be read; expected {detail}. The value was set to missing.",
            "Tell the sender; if many rows are concerned, the contract's type may be wrong.",
            "what its type asks for",
        ),
        Rule(
            "unknown-code",
            "warning",
            "{column} holds a code that its national set does not list. It was kept as sent.",
            "Tell the sender; a newer version of the set is a usual cause.",
        ),
        Rule(
            "code-as-number",
            "warning",
            "{column} holds a code or id that a spreadsheet turned into a power of ten. The value was set to missing.",
            "Ask the sender not to pass the file through a spreadsheet; the digits are lost in this one.",
        ),
        Rule(
            "leading-zeros-lost",
            "warning",
            "{column} has lost its leading zeros; they were put back.",
            "Ask the sender not to pass the file through a spreadsheet.",
        ),
        Rule(
            "invalid-nhs-number",
            "warning",
            "{column} is not ten digits with a valid check digit. The value was set to missing.",
            "Ask the sender to trace the person; a number shown as a power of ten went through a spreadsheet.",
        ),
        Rule(
            "future-birth-date",
            "warning",
            "{column} lies after the batch's own date. The value was set to missing.",
            "Ask the sender to correct the person's details; the century is a usual cause.",
        ),
        Rule(
            "no-person",
            "warning",
            "{column} is missing, so that the row belongs to nobody who could be found.",
            "Nothing can be done here; a pseudonym is missing where the sender had no NHS number.",
        ),
        Rule(
            "birth-after-event",
            "warning",
            "{column} lies after {detail}. The row was kept.",
            "Ask the sender which of the two dates is right.",
            "the event",
        ),
        Rule(
            "unmapped-resource",
            "warning",
            "A resource of the type {column} is not mapped; it was kept as sent, and tells of no event.",
            "Nothing, unless events are missing from the record that such resources would tell of.",
        ),
        Rule(
            "unmapped-table",
            "warning",
            "The table {column} of the OMOP CDM is not mapped; it was kept as sent, and tells of no event.",
            "Nothing: what it holds is worked out from other tables, or is not about one person's care.",
        ),
        Rule(
            "unknown-table",
            "warning",
            "The OMOP CDM has no table of the file's name; it was kept as sent, and tells of no event.",
            "Rename the file as its table if it is one of the model's.",
        ),
        Rule(
            "unknown-reference",
            "warning",
            "{column} names a resource that is not in the set. The row was kept without it.",
            "Ask the sender for the resource; a set limited to some types is a usual cause.",
        ),
        Rule(
            "did-not-happen",
            "warning",
            "{column} says that it did not happen, or was entered in error. It was kept, and is no event.",
            "Nothing.",
        ),
        Rule(
            "repeated-key",
            "warning",
            "The row has the same key as an earlier row of the file, but says something else. The later counts.",
            "Ask the sender which is meant.",
        ),
        Rule(
            "extra-column",
            "warning",
            "The header has columns that the contract does not know ({detail}); they were left out.",
            "Nothing, unless one of them is a column of the contract under a new name: then add the alias.",
            "how many",
        ),
        Rule(
            "repeated-column",
            "warning",
            "{column} is in the header twice; the first, or the one with the contract's own name, was read.",
            "Ask the sender which is meant.",
        ),
        Rule(
            "no-final-line-end",
            "warning",
            "The last record has no line end; its last value may be cut short.",
            "Compare the last row with the sender's system.",
        ),
    )
}
"""Every rule by name; `docs/reference/rules.md` is made from it."""


def reason(rule: str, column: str = "", detail: str = "") -> str:
    """Return a rule's words for one column.

    >>> reason("missing-key", "ServiceRequestID")
    'ServiceRequestID is missing; a row cannot be used without it.'
    """
    return RULES[rule].reason.format(column=column, detail=detail)


class RejectedFileError(Exception):
    """A rule refuses a whole file. Caught where the file is read; never seen outside `sources`."""

    def __init__(self, rule: str, column: str = "", detail: str = "") -> None:
        super().__init__(reason(rule, column, detail))
        self.rule = rule
        self.column = column
