"""Crews as one JSON document, for those who may not import the Brain."""

import json
from collections.abc import Mapping
from typing import Any

from brain.crews.definition import Crew

__all__ = ["crews_json"]

_INTEGRATION = "integration_"


def crews_json(crews: Mapping[str, Crew]) -> str:
    """What there is to know of each crew before it is asked: a list as text, the same for the same crews.

    Keys:
        name, title, mutation, risk, agents (how many), grants, tasks, steps, approveWrites, budgetMicros, integration
    """
    return json.dumps([_crew(crew) for crew in crews.values()], indent=1, ensure_ascii=False) + "\n"


def _crew(crew: Crew) -> dict[str, Any]:
    return {
        "name": crew.name,
        "title": crew.title,
        "mutation": crew.mutation,
        "risk": crew.risk,
        "agents": crew.weight,
        "grants": list(crew.grants),
        "tasks": list(crew.tasks),
        "steps": [step.name for step in crew.steps],
        "approveWrites": crew.approve_writes,
        "budgetMicros": crew.budget_micros,
        "integration": crew.name.removeprefix(_INTEGRATION) if crew.name.startswith(_INTEGRATION) else None,
    }
