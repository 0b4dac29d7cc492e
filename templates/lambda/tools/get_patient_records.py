"""`get_patient_records`: the clinic's patients, or one of them."""

from __future__ import annotations

from tools import arguments, records
from tools.call import Call, Result, tool

DEFAULT, MOST = 25, 100


@tool("get_patient_records")
def handle(call: Call) -> Result:
    """`{"patients": […], "more": bool}`, by id; `patient_id` asks for one, `limit` for fewer."""
    patient = arguments.text(call.arguments, "patient_id")
    most = arguments.limit(call.arguments, default=DEFAULT, most=MOST)
    if patient is not None:
        return {"patients": [records.one(call, patient)], "more": False}
    found, more = records.some(call, most)
    return {"patients": found, "more": more}
