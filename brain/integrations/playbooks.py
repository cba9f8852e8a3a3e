"""What the crews of integrations do without a language model: to the letter what the run's input asks for.

- `operation` names one that reads: it is read, and the run's result has the data.
- `operation` names one that writes: it is proposed, with the `arguments` given; nothing else is.
- no `operation`: whether the connection works is looked at, and said that a goal in words needs a language model.
"""

import json
from typing import Any

from brain.catalogue.arguments import check_arguments
from brain.catalogue.descriptors import Integration, Operation, Risk
from brain.catalogue.errors import InvalidArguments
from brain.crews.errors import CrewError
from brain.crews.playbooks import Call, Given, Playbook, PlaybookFunction
from brain.integrations.tools import encoded

__all__ = ["OperationUnknown", "playbook"]

_NO_MODEL = "A goal in words needs a language model; without one, name an operation"


class OperationUnknown(CrewError):
    """The input names an operation that there is not, or arguments that do not fit it."""

    code = "INTEGRATION_OPERATION_INVALID"


def playbook(integration: Integration, sort: str, *, last: bool) -> PlaybookFunction:
    """What a role does.

    Args:
        sort: `read`, `plan`, `propose` or `review`.
        last: whether its output is the run's result.
    """

    def play(given: Given) -> Playbook:
        asked = _asked(integration, given)
        arguments = dict(given.input.get("arguments") or {})
        data, summary, findings = None, "Nothing is to be done.", []
        if asked is None:
            summary = _NO_MODEL
            if sort == "read" or (last and sort == "propose"):
                health = integration.operations[integration.health]
                yield Call(health.name, encoded(health, dict(integration.health_arguments)))
                findings = [f"{health.name}: the connection to {integration.title} works"]
        elif asked.risk is Risk.READ:
            summary = f"{asked.name} is read by the last of the crew."
            if last:
                answer = yield Call(asked.name, encoded(asked, arguments))
                data = json.loads(answer["text"])
                findings = [f"{asked.name}: {_size(data)}{'' if answer['complete'] else ', and there is more'}"]
                summary = f"{asked.name} was read."
        else:
            summary = f"{asked.name} is proposed as it was asked for."
            findings = [f"asked for: {asked.name}"]
        writes = asked is not None and asked.risk is not Risk.READ
        reason = str(given.input.get("goal") or "").strip()[:500] or "It was asked for."
        proposals: dict[str, Any] = {}
        if asked is not None and writes:
            proposals = {asked.name: [{"arguments": arguments, "reason": reason}]}
        if sort == "read":
            return {"summary": summary, "findings": findings, "unknown": [_NO_MODEL] if asked is None else []}
        if sort == "plan":
            steps = [{"operation": name, "purpose": reason, "check": "The provider's answer."} for name in proposals]
            return {"summary": summary, "steps": steps}
        if sort == "propose":
            return {"summary": summary, "findings": findings, "proposals": proposals, "data": data}
        return {"summary": summary, "struck": [], "proposals": proposals, "data": data}

    return play


def _asked(integration: Integration, given: Given) -> Operation | None:
    name = given.input.get("operation")
    if not name:
        return None
    operation = integration.operations.get(str(name))
    if operation is None:
        raise OperationUnknown(
            f"{integration.title} has no operation {name!r}; there are {', '.join(integration.operations)}."
        )
    try:
        check_arguments(operation, given.input.get("arguments") or {})
    except InvalidArguments as error:
        raise OperationUnknown(str(error)) from error
    return operation


def _size(data: Any) -> str:
    return f"{len(data)} items" if isinstance(data, list) else "an answer"
