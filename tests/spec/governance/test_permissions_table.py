"""Who may do what: every cell of role x purpose x action x relation.

The table below is written apart from the code's, row by row, and both must agree; what it does not list is refused.
"""

from __future__ import annotations

import ast
import itertools
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import washhouse
from washhouse.core.errors import RefusedError
from washhouse.governance.grants import REACH, Grant, Purpose, Reach, Role, mint_grant, system_grant
from washhouse.governance.permissions import Action, Relation, check_permission, may, may_ask, relation_of

NOW = datetime(2026, 7, 1, 9, 0)

# fmt: off
TABLE = """
role       purpose      action                relation
clinician  direct-care  read-person           care
clinician  direct-care  read-relations        care
clinician  direct-care  read-caseload         care
clinician  direct-care  reveal                care
clinician  direct-care  open-patient-record   care
clinician  direct-care  review                care
clinician  direct-care  review-step-down      care
clinician  direct-care  answer-decision       care
clinician  direct-care  view-audit-of-person  care
clinician  direct-care  break-glass           none
clinician  direct-care  break-glass           emergency
clinician  direct-care  read-person           emergency
clinician  direct-care  reveal                emergency
clinician  direct-care  open-patient-record   emergency
crisis-clinician direct-care read-person care
crisis-clinician direct-care read-relations care
crisis-clinician direct-care read-caseload care
crisis-clinician direct-care reveal care
crisis-clinician direct-care open-patient-record care
crisis-clinician direct-care view-audit-of-person care
crisis-clinician direct-care find-person care
crisis-clinician direct-care find-person emergency
crisis-clinician direct-care find-person none
crisis-clinician direct-care break-glass none
crisis-clinician direct-care break-glass emergency
crisis-clinician direct-care read-person emergency
crisis-clinician direct-care reveal emergency
crisis-clinician direct-care open-patient-record emergency
team-manager supervision read-person          care
team-manager supervision read-caseload        care
team-manager supervision reveal               care
team-manager supervision open-patient-record  care
team-manager supervision read-workload        care
team-manager supervision supervise            care
team-manager supervision allocate             care
team-manager supervision answer-decision      care
team-manager supervision review-emergency-access care
steward    stewardship  read-feeds            population
steward    stewardship  read-quality          population
steward    stewardship  read-quarantine       population
steward    stewardship  read-linkage          population
steward    stewardship  view-link-history     population
steward    stewardship  review-links          population
steward    stewardship  reveal-records        population
steward    stewardship  identify              population
steward    stewardship  review-emergency-access population
planner    planning     read-indicators       population
researcher research     read-cohorts          population
system     operations   identify              population
system     operations   read-population       population
system     operations   write-record          population
system     operations   read-feeds            population
system     operations   read-quality          population
system     operations   read-quarantine       population
system     operations   read-linkage          population
system     planning     read-population       population
system     research     read-population       population
system     research     export                population
system     operations   view-link-history     population
"""
# fmt: on
ALLOWED = {tuple(line.split()) for line in TABLE.strip().splitlines()[1:]}
CELLS = list(itertools.product(Role, Purpose, Action, Relation))


def grant_with(role: Role, purpose: Purpose, relation: Relation) -> Grant:
    """A grant that stands to person `p` in the given relation, whether or not it could be minted."""
    persons = {Relation.CARE: frozenset({"p"}), Relation.POPULATION: None}.get(relation, frozenset({"q"}))
    opened = frozenset({"p"} if relation is Relation.EMERGENCY else ())
    return Grant("id", "somebody", role, purpose, persons, NOW, NOW + timedelta(minutes=30), opened)


@pytest.mark.parametrize(("role", "purpose"), list(itertools.product(Role, Purpose)))
def test_every_cell(role: Role, purpose: Purpose) -> None:
    for action, relation in itertools.product(Action, Relation):
        grant, cell = grant_with(role, purpose, relation), (role, purpose, action, relation)
        assert may(grant, action, "p") is (cell in ALLOWED), cell
        if cell in ALLOWED:
            check_permission(grant, action, "p")
            continue
        with pytest.raises(RefusedError) as caught:
            check_permission(grant, action, "p")
        assert caught.value.code == "not-permitted"
        assert "p " not in caught.value.message.replace("purpose ", "").replace("person ", "")


def test_the_table_names_only_what_exists() -> None:
    assert len(CELLS) == len(Role) * len(Purpose) * len(Action) * len(Relation)
    assert {row for row in ALLOWED if row not in {tuple(map(str, cell)) for cell in CELLS}} == set()


@pytest.mark.parametrize("action", ["", "READ-PERSON", "read-person ", "delete-person", "*"])
def test_an_unknown_action_is_refused(action: str) -> None:
    for role, purpose, relation in itertools.product(Role, Purpose, Relation):
        assert not may(grant_with(role, purpose, relation), action, "p")


def test_no_role_both_reveals_and_reads_the_population() -> None:
    for role in Role:
        actions = {action for who, _, action, _ in ALLOWED if who == role}
        assert not {"reveal", "read-population"} <= actions


@pytest.mark.parametrize(
    ("persons", "person_id", "relation"),
    [
        ({"p"}, "p", "care"),
        ({"p"}, None, "care"),
        ({"p"}, "q", "none"),
        ({"p"}, "", "none"),
        (set(), "p", "none"),
        (set(), None, "care"),
        (None, "p", "population"),
        (None, None, "population"),
    ],
)
def test_how_a_grant_stands_to_a_person(persons: set[str] | None, person_id: str | None, relation: str) -> None:
    held = None if persons is None else frozenset(persons)
    grant = Grant("id", "somebody", Role.CLINICIAN, Purpose.DIRECT_CARE, held, NOW, NOW)
    assert relation_of(grant, person_id) == relation


def test_emergency_access_reaches_the_one_person_it_was_opened_for() -> None:
    grant = Grant("id", "somebody", Role.CLINICIAN, Purpose.DIRECT_CARE, frozenset({"q"}), NOW, NOW, frozenset("pq"))
    assert [relation_of(grant, each) for each in ("p", "q", "r", None)] == ["emergency", "care", "none", "care"]


@pytest.mark.parametrize(("role", "purpose"), list(itertools.product(Role, Purpose)))
def test_what_a_role_may_do_to_anybody_at_all(role: Role, purpose: Purpose) -> None:
    grant = grant_with(role, purpose, Relation.CARE)
    asked = {action for action in Action if may_ask(grant, action)}
    assert asked == {action for who, what_for, action, _ in ALLOWED if (who, what_for) == (role, purpose)}


MINTABLE = {
    ("clinician", "direct-care"): "persons",
    ("crisis-clinician", "direct-care"): "persons",
    ("team-manager", "supervision"): "persons",
    ("steward", "stewardship"): "population",
    ("planner", "planning"): "population",
    ("researcher", "research"): "population",
    ("system", "operations"): "population",
    ("system", "planning"): "population",
    ("system", "research"): "population",
}


@pytest.mark.parametrize(("role", "purpose", "reach"), list(itertools.product(Role, Purpose, Reach)))
def test_which_grants_can_be_minted(role: Role, purpose: Purpose, reach: Reach) -> None:
    persons = ["p"] if reach is Reach.PERSONS else None
    if MINTABLE.get((role, purpose)) == reach:
        grant = mint_grant(actor="a", role=role, purpose=purpose, persons=persons, now=NOW)
        assert (grant.role, grant.purpose) == (role, purpose)
        return
    with pytest.raises(RefusedError) as caught:
        mint_grant(actor="a", role=role, purpose=purpose, persons=persons, now=NOW)
    assert caught.value.code == "grant-refused"


@pytest.mark.parametrize(("role", "purpose"), list(REACH))
def test_emergency_access_is_carried_for_direct_care_alone(role: Role, purpose: Purpose) -> None:
    persons = ["q"] if REACH[role, purpose] is Reach.PERSONS else None
    ends = {"p": NOW + timedelta(minutes=3), "r": NOW}

    def mint() -> Grant:
        return mint_grant(actor="a", role=role, purpose=purpose, persons=persons, now=NOW, emergency=ends)

    if purpose is Purpose.DIRECT_CARE:
        assert mint().emergency == {"p"}, "what has ended is left out"
        assert mint().expires_at == NOW + timedelta(minutes=3), "the grant holds no longer than the access"
        return
    with pytest.raises(RefusedError) as caught:
        mint()
    assert caught.value.code == "grant-refused"


def test_every_mintable_grant_can_do_something() -> None:
    assert {(role, purpose) for role, purpose, _, _ in ALLOWED} == {tuple(map(str, key)) for key in REACH}


@pytest.mark.parametrize(("actor", "minutes"), [("", 30), ("a", 0), ("a", 721), ("a", -1)])
def test_a_grant_names_its_actor_and_runs_out(actor: str, minutes: int) -> None:
    with pytest.raises(RefusedError):
        mint_grant(actor=actor, role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW, minutes=minutes)


def test_a_grant_does_not_print_its_people() -> None:
    grant = mint_grant(actor="a", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=["secret"], now=NOW)
    assert "secret" not in repr(grant)
    assert system_grant(NOW).id != system_grant(NOW).id


def test_only_grants_py_makes_grants() -> None:
    root = Path(washhouse.__file__).parent
    makers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Grant"
    }
    assert makers == {"governance/grants.py"}
