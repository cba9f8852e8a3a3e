"""A crew for each integration of the catalogue, by its pattern: data in, `Crew`s out, no crew's text written twice."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from brain.catalogue import Catalogue, load_catalogue
from brain.catalogue.descriptors import Agent, Integration, Operation, Pattern, PatternRole, Risk
from brain.crews import load_crews
from brain.crews.definition import ActionTemplate, AgentProfile, Argument, Crew, TaskDefinition
from brain.crews.guardrails import GUARDRAILS
from brain.crews.integration_tools import tool_of
from brain.crews.outputs import OUTPUTS
from brain.crews.playbooks import PLAYBOOKS
from brain.integrations.outputs import MODELS, fits, stands
from brain.integrations.playbooks import playbook

__all__ = ["all_crews", "crew_name", "crew_of", "integration_crews"]

_PREFIX = "integration_"
_FIELD = "agents.runIntegrationAgent"
_BUDGET_MICROS = 200_000
_TIMEOUT_S = 180.0
_ITERATIONS = 8

_SORTS = {
    "researcher": "read",
    "analyst": "read",
    "planner": "plan",
    "executor": "propose",
    "operator": "propose",
    "reviewer": "review",
    "auditor": "review",
}
_OUTPUTS = {
    "read": "IntegrationFindingsOutput",
    "plan": "IntegrationPlanOutput",
    "propose": "IntegrationProposalsOutput",
    "review": "IntegrationReviewOutput",
}
_INPUT = {
    "integration": Argument("integration", "string", "Name of the integration.", True),
    "goal": Argument("goal", "string", "What is to be reached, in words.", True),
    "operation": Argument("operation", "string", "The one operation that is wanted, if it is known.", False),
    "arguments": Argument("arguments", "object", "Its arguments.", False),
}
_GENERAL = (
    "The goal is the input's `goal`. If the input names an `operation`, that operation with the input's `arguments` is "
    "what is wanted, and nothing else. Use no value that was not given or read."
)


def crew_name(template: str, arguments: Mapping[str, Any]) -> str:
    """The crew that `@agent` names. `integration_{integration}` stands for that of the field's argument."""
    return template.replace("{integration}", str(arguments.get("integration")))


def crew_of(integration: str) -> str:
    """The name of an integration's crew."""
    return _PREFIX + integration


@cache
def all_crews() -> Mapping[str, Crew]:
    """The platform's crews and those of integrations, by name; made once.

    Raises:
        CatalogueError: a file is wrong.
    """
    return {**load_crews(), **integration_crews(load_catalogue())}


def integration_crews(catalogue: Catalogue) -> dict[str, Crew]:
    """The crews of a catalogue's integrations; their outputs, rules and playbooks are made known to the rest."""
    OUTPUTS.update(MODELS)
    return {
        crew.name: crew for crew in (_crew(catalogue, integration) for integration in catalogue.integrations.values())
    }


def _crew(catalogue: Catalogue, integration: Integration) -> Crew:
    name = crew_of(integration.name)
    pattern = catalogue.patterns[integration.pattern]
    agents = {agent.position: agent for agent in catalogue.agents_of(integration.name)}
    writing = [operation for operation in integration.operations.values() if operation.risk is not Risk.READ]
    last = pattern.roles[-1]
    _make_known(name, integration, pattern)
    return Crew(
        name=name,
        title=integration.title,
        version=catalogue.version,
        mutation=_FIELD,
        risk=max((operation.risk for operation in writing), key=tuple(Risk).index),
        grants=(),
        approve_writes=True,  # what is done at a provider is seen by others, and mostly cannot be undone
        budget_micros=_BUDGET_MICROS,
        timeout_s=_TIMEOUT_S,
        input=_INPUT,
        untrusted_input=(),
        tools={operation.name: tool_of(operation) for operation in integration.operations.values()},
        agents={role.name: _profile(agents[role.name], integration) for role in pattern.roles},
        tasks={role.name: _task(name, integration, role, writing) for role in pattern.roles},
        actions=tuple(_action(operation, last) for operation in writing),
    )


def _make_known(name: str, integration: Integration, pattern: Pattern) -> None:
    proposer = next(role.name for role in pattern.roles if _SORTS[role.name] == "propose")
    GUARDRAILS[f"{name}_fits"] = fits(integration)
    GUARDRAILS[f"{name}_stands"] = stands(proposer)
    for role in pattern.roles:
        PLAYBOOKS[name, role.name] = playbook(integration, _SORTS[role.name], last=role is pattern.roles[-1])


def _profile(agent: Agent, integration: Integration) -> AgentProfile:
    reads = tuple(operation.name for operation in integration.operations.values() if operation.risk is Risk.READ)
    return AgentProfile(agent.position, agent.role, agent.goal, agent.backstory, reads, _ITERATIONS)


def _task(crew: str, integration: Integration, role: PatternRole, writing: list[Operation]) -> TaskDefinition:
    sort = _SORTS[role.name]
    parts = [role.task.replace("{title}", integration.title), _GENERAL]
    if sort in {"plan", "propose"}:
        parts.append("Operations that can be proposed:")
        parts += [
            f"- {known.name} ({known.risk}): {known.description} Arguments: {json.dumps(known.arguments)}"
            for known in writing
        ]
    rules = {"propose": (f"{crew}_fits",), "review": (f"{crew}_fits", f"{crew}_stands")}.get(sort, ())
    return TaskDefinition(
        name=role.name,
        agent=role.name,
        description="\n".join(parts),
        expected_output=role.expected_output.replace("{title}", integration.title),
        output=_OUTPUTS[sort],
        guardrails=rules,
        guardrail_retries=1,
    )


def _action(operation: Operation, last: PatternRole) -> ActionTemplate:
    return ActionTemplate(
        tool=operation.name,
        task=last.name,
        each=f"$output.proposals.{operation.name}",
        arguments={name: f"$item.arguments.{name}" for name in operation.arguments["properties"]},
        reason="$item.reason",
    )
