"""Whom does a sender meet for the first time after the city's last day?"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.columns import Array
from washhouse.synthetic.extracts.demographics import Holdings, make_holdings
from washhouse.synthetic.identities import Identities, make_identities
from washhouse.synthetic.registers import Register
from washhouse.synthetic.senders import QUALITIES, recorded_ethnicity
from washhouse.synthetic.simulated import PREFIXES, Simulated


def meet(city: Simulated, sender: str, person: Array, day: Array) -> tuple[Array, Array]:
    """Register everybody whom a sender sees on a day and does not know yet; changes the city.

    Args:
        city: The city.
        sender: Name of the sender.
        person: Person of each happening after the last day.
        day: Its day.

    Returns:
        Local number, as text, and first day of each new record.
    """
    register = city.registers[sender]
    new = ~np.isin(person, register.person)
    known, inverse = np.unique(person[new], return_inverse=True)
    since = np.full(len(known), NEVER)
    np.minimum.at(since, inverse, day[new])
    order = np.lexsort((known, since))
    known, since = known[order], since[order]
    if not len(known):
        return np.zeros(0, object), since
    local = max(int(register.first.max()), int(register.second.max())) + 1 + np.arange(len(known))
    city.registers[sender] = _grown(register, known, local, since)
    who = city.changes.identity(known, since)
    rng = city.streams.stream(f"{sender} newcomers")
    identities = make_identities(city.identities, who, since, since, QUALITIES[sender], rng)
    city.ethnic[sender] = pa.concat_arrays([city.ethnic[sender], recorded_ethnicity(city.identities, who, rng)])
    held = make_holdings(local, PREFIXES[sender], identities)
    city.holdings[sender] = _joined(city.holdings[sender], held)
    return np.array(held.columns["local_patient_id"].to_pylist()[: len(known)], dtype=object), since


def _grown(register: Register, person: Array, local: Array, since: Array) -> Register:
    more = Register(person, local, np.zeros_like(local), np.full(len(local), NEVER), since, since)
    order = np.argsort(np.r_[register.person, person], kind="stable")
    columns = {f.name: np.r_[getattr(register, f.name), getattr(more, f.name)][order] for f in fields(Register)}
    return Register(**columns)


def _joined(held: Holdings, more: Holdings) -> Holdings:
    """Return holdings with those of further records behind them."""
    records = int(held.identities.record.max()) + 1
    later = replace(more.identities, record=more.identities.record + records)
    columns = {}
    for field in fields(Identities):
        one, two = getattr(held.identities, field.name), getattr(later, field.name)
        columns[field.name] = pa.concat_arrays([one, two]) if isinstance(one, pa.Array) else np.r_[one, two]
    texts = {name: pa.concat_arrays([column, more.columns[name]]) for name, column in held.columns.items()}
    return Holdings(held.prefix, np.r_[held.local, more.local], Identities(**columns), texts)
