"""Crews as one JSON document, for those who may not import the Brain."""

import json
from collections.abc import Mapping
from typing import Any

from brain.crews.definition import Crew
from brain.crews.schemas import action_schemas, input_schema

__all__ = ["crews_json"]

_INTEGRATION = "integration_"


def crews_json(crews: Mapping[str, Crew]) -> str:
    """What there is to know of each crew before it is asked: a list as text, the same for the same crews.

    Keys:
        name, title, mutation, risk, agents (how many), grants, tasks, steps, approveWrites, budgetMicros, integration,
        input, actions (see `brain.crews.schemas`; those of an integration are its operations, in the catalogue)
    """
    return json.dumps([_crew(crew) for crew in crews.values()], indent=1, ensure_ascii=False) + "\n"


def _crew(crew: Crew) -> dict[str, Any]:
    integration = crew.name.removeprefix(_INTEGRATION) if crew.name.startswith(_INTEGRATION) else None
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
        "integration": integration,
        "input": input_schema(crew),
        "actions": action_schemas(crew) if integration is None else [],
    }
