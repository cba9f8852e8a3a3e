"""The catalogue as one JSON document, for those who may not import the Brain, and as texts for people."""

import json
import re
from collections import Counter
from typing import Any

from brain.catalogue.descriptors import Agent, Catalogue, CredentialField, Integration, Operation, RateLimit

__all__ = ["counts_text", "details", "document", "document_json"]


def document(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue without what only the connector needs.

    Keys:
        version, counts {integrations, agents}
        patterns: [{name, agents, description, roles: [{name, task, after, riskCeiling}]}]
        integrations: [{name, title, category, pattern, auth, docs, credentialPath, health, agents,
            credentials: [{name, description, secret, required, pattern?}],
            operations: [{tool, name, description, risk, arguments, pages}]}]
        agents: [{name, role, goal, backstory, integration, pattern, position, riskCeiling, tools}]
    """
    return {
        "version": catalogue.version,
        "counts": {"integrations": len(catalogue.integrations), "agents": len(catalogue.agents)},
        "patterns": [
            {
                "name": pattern.name,
                "agents": pattern.agents,
                "description": pattern.description,
                "roles": [
                    {"name": role.name, "task": role.task, "after": list(role.after), "riskCeiling": role.ceiling}
                    for role in pattern.roles
                ],
            }
            for _, pattern in sorted(catalogue.patterns.items())
        ],
        "integrations": [_integration(catalogue, integration) for integration in catalogue.integrations.values()],
        "agents": [_agent(agent) for agent in catalogue.agents.values()],
    }


def document_json(catalogue: Catalogue) -> str:
    """`document` as text, the same for the same catalogue."""
    return json.dumps(document(catalogue), indent=1, ensure_ascii=False) + "\n"


def counts_text(catalogue: Catalogue) -> str:
    """How many there are, by pattern; the last line is the sum."""
    lines = []
    of_pattern = Counter(integration.pattern for integration in catalogue.integrations.values())
    for agents, number in sorted(of_pattern.items(), reverse=True):
        lines.append(f"{number} integrations with {agents} agents each: {number * agents} agents")
    platform = sum(agent.integration is None for agent in catalogue.agents.values())
    lines.append(f"{platform} agents of the platform")
    lines.append(f"{len(catalogue.integrations)} integrations, {len(catalogue.agents)} agents")
    return "\n".join(lines)


def details(catalogue: Catalogue, name: str) -> str:
    """All about an integration or an agent, for people.

    Raises:
        KeyError: there is neither of this name.
    """
    if name in catalogue.agents:
        agent = catalogue.agents[name]
        return "\n".join(
            [
                f"{agent.name}: {agent.role}",
                f"  goal      {agent.goal}",
                f"  manner    {agent.backstory}",
                f"  works for {agent.integration or 'the platform'}, may propose up to {agent.ceiling}",
                "  tools",
                *(f"    {tool}" for tool in agent.tools),
            ]
        )
    integration = catalogue.integrations[name]
    lines = [
        f"{integration.title} ({integration.name}), {integration.category}",
        f"  documentation {integration.docs}",
        f"  address       {integration.base_url}",
        f"  authenticated {integration.auth.scheme}",
        f"  rate          {_rate(integration.rate_limit)}",
        f"  credentials   in Vault at {integration.credential_path}",
    ]
    for field in integration.credentials:
        kind = ("secret" if field.secret else "not secret") + ("" if field.required else ", may be left out")
        lines.append(f"    {field.name}: {field.description} ({kind})")
    lines.append("  operations")
    for operation in integration.operations.values():
        arguments = ", ".join(
            name if name in operation.arguments["required"] else f"[{name}]"
            for name in operation.arguments["properties"]
        )
        lines.append(f"    {operation.risk:<5} {operation.name}({arguments}): {operation.description}")
    lines.append("  agents")
    lines += [f"    {agent.name}: {agent.goal}" for agent in catalogue.agents_of(integration.name)]
    return "\n".join(lines)


def _rate(limit: RateLimit) -> str:
    return f"{limit.requests} requests per {limit.per_s:g} s, at once up to {limit.burst}"


def _integration(catalogue: Catalogue, integration: Integration) -> dict[str, Any]:
    return {
        "name": integration.name,
        "title": integration.title,
        "category": integration.category,
        "pattern": integration.pattern,
        "auth": integration.auth.scheme,
        "docs": integration.docs,
        "credentialPath": integration.credential_path,
        "credentials": [
            {
                "name": field.name,
                "description": field.description,
                "secret": field.secret,
                "required": field.required,
                **_form(integration, field),
            }
            for field in integration.credentials
        ],
        "health": integration.health,
        "operations": [_operation(operation) for operation in integration.operations.values()],
        "agents": [agent.name for agent in catalogue.agents_of(integration.name)],
    }


def _form(integration: Integration, field: CredentialField) -> dict[str, str]:
    """The `pattern` that a value must match as a whole: the field's own, and those of addresses that it goes into."""
    patterns = [] if field.pattern is None else [field.pattern]
    patterns += [
        "|".join(map(re.escape, variable.choices)) if variable.choices else variable.pattern
        for variable in integration.variables
        if variable.credential == field.name
    ]
    if not patterns:
        return {}
    *others, last = dict.fromkeys(patterns)
    return {"pattern": last if not others else "".join(f"(?=(?:{other})$)" for other in others) + f"(?:{last})"}


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "tool": operation.tool,
        "name": operation.name,
        "description": operation.description,
        "risk": operation.risk,
        "arguments": operation.arguments,
        "pages": operation.pagination is not None,
    }


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "role": agent.role,
        "goal": agent.goal,
        "backstory": agent.backstory,
        "integration": agent.integration,
        "pattern": agent.pattern,
        "position": agent.position,
        "riskCeiling": agent.ceiling,
        "tools": list(agent.tools),
    }
