"""`patient_context`: what the agent should know of a patient before it answers."""

from __future__ import annotations

from tools import arguments, records
from tools.call import Call, Result, tool

FACTS = (
    "name",
    "age",
    "born",
    "gender",
    "conditions",
    "allergies",
    "medications",
    "last_visit",
    "last_visit_reason",
    "assigned_provider",
    "note",
)
"""Of a record, in the order of telling; insurance, addresses and the like are left out."""


@tool("patient_context")
def handle(call: Call) -> Result:
    """`{"patient_id", "summary": "conditions: asthma; …", "facts": {…}}`."""
    patient = arguments.required(call.arguments, "patient_id")
    record = records.one(call, patient)
    facts = {name: record[name] for name in FACTS if name in record}
    told = (f"{name.replace('_', ' ')}: {_told(value)}" for name, value in facts.items())
    return {"patient_id": patient, "summary": "; ".join(told), "facts": facts}


def _told(value: object) -> str:
    """An empty list is a fact too: no allergies are known, which isn't the same as unasked."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none recorded"
    return str(value)
