"""Reads patterns and agents: a crew per integration by its pattern, and those of the platform."""

from collections.abc import Mapping
from pathlib import Path

from brain.catalogue.descriptors import Agent, Integration, Pattern, PatternRole, Risk
from brain.catalogue.yaml_source import Section, read

__all__ = ["read_agents", "read_patterns"]


def read_patterns(path: Path) -> dict[int, Pattern]:
    """The patterns by their number of agents.

    Raises:
        CatalogueError: the file is wrong; says file and line.
    """
    top = read(path)
    patterns = {}
    for name, section in top.sections("patterns"):
        roles = tuple(_role(role, part) for role, part in section.sections("roles"))
        pattern = Pattern(len(roles), name, section.text("description"), roles)
        section.done()
        earlier: set[str] = set()
        for role in roles:
            if unknown := set(role.after) - earlier:
                raise section.error(f"{role.name} comes after {', '.join(unknown)}, which does not come before it")
            earlier.add(role.name)
        if pattern.agents in patterns:
            raise section.error(f"there is another pattern of {pattern.agents} agents")
        patterns[pattern.agents] = pattern
    top.done()
    return patterns


def read_agents(
    folder: Path, integrations: Mapping[str, Integration], patterns: Mapping[int, Pattern]
) -> dict[str, Agent]:
    """All agents by name, those of the integrations first.

    Raises:
        CatalogueError: a goal is missing or of nobody, or an agent is wrong.
    """
    top = read(folder / "goals.yaml")
    agents: dict[str, Agent] = {}
    for name, integration in integrations.items():
        if name not in top:
            raise top.error(f"there are no goals for {name}")
        pattern = patterns.get(integration.pattern)
        if pattern is None:
            raise top.error(f"{name} wants a pattern of {integration.pattern} agents, which there is not")
        goals = top.section(name)
        for role in pattern.roles:
            agent = _of_pattern(integration, pattern, role, goals)
            agents[agent.name] = agent
        goals.done()
    top.done()
    for name, section in read(folder / "platform.yaml").sections("agents"):
        if name in agents:
            raise section.error("there is an agent of this name")
        agents[name] = Agent(
            name=name,
            role=section.text("role"),
            goal=section.text("goal"),
            backstory=section.text("backstory"),
            integration=None,
            pattern=1,
            position="platform",
            ceiling=Risk(section.text("ceiling")),
            tools=section.texts("tools"),
        )
        section.done()
    return agents


def _of_pattern(integration: Integration, pattern: Pattern, role: PatternRole, goals: Section) -> Agent:
    tools = tuple(
        operation.tool for operation in integration.operations.values() if role.ceiling.allows(operation.risk)
    )
    return Agent(
        name=f"{integration.name}_{role.name}",
        role=role.role.replace("{title}", integration.title),
        goal=goals.text(role.name),
        backstory=role.backstory.replace("{title}", integration.title),
        integration=integration.name,
        pattern=pattern.agents,
        position=role.name,
        ceiling=role.ceiling,
        tools=tools,
    )


def _role(name: str, section: Section) -> PatternRole:
    role = PatternRole(
        name=name,
        role=section.text("role"),
        backstory=section.text("backstory"),
        task=section.text("task"),
        expected_output=section.text("expected_output"),
        ceiling=Risk(section.text("ceiling")),
        after=section.texts("after", ()),
    )
    section.done()
    return role
