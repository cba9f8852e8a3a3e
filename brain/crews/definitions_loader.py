"""Reads the files of crews into `definition`, and refuses what does not fit together.

A file that is wrong is an error with file and line. Documents are parsed here; that the supergraph has what they ask
for is a test's business.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from brain.catalogue import load_catalogue
from brain.catalogue.yaml_source import CatalogueError, Section, read
from brain.crews.definition import ActionTemplate, AgentProfile, Argument, Crew, Risk, TaskDefinition, Tool
from brain.crews.errors import UnknownCrew
from brain.crews.expressions import ROOTS, is_expression, root_of
from brain.crews.guardrails import GUARDRAILS
from brain.crews.integration_tools import ADDRESS, tool_of
from brain.crews.outputs import OUTPUTS
from brain.crews.playbooks import PLAYBOOKS
from brain.crews.steps_loader import read_steps

__all__ = ["crew_named", "load", "load_crews"]

_HERE = Path(__file__).parent
# What a playbook takes from here is part of every crew that does so.
_TAKEN = re.compile(rb"^from brain\.crews\.([\w.]+) import", re.MULTILINE)
_TYPES = ("string", "integer", "number", "boolean", "string_list")


@cache
def load_crews() -> Mapping[str, Crew]:
    """The crews that come with the Brain, by name; read once.

    Raises:
        CatalogueError: a file is wrong.
    """
    return load(_HERE / "definitions", _HERE / "operations")


def crew_named(name: str) -> Crew:
    """The crew of that name.

    Raises:
        UnknownCrew: there is none.
    """
    crews = load_crews()
    if name not in crews:
        raise UnknownCrew(f"There is no crew {name!r}; there are {', '.join(crews)}.")
    return crews[name]


def load(definitions: Path, operations: Path) -> dict[str, Crew]:
    """The crews in a folder, one per file.

    Args:
        operations: folder of the documents, one file per crew, of its name.

    Raises:
        CatalogueError: a file is wrong; says file and line.
    """
    return {path.stem: _crew(path, operations / f"{path.stem}.graphql") for path in sorted(definitions.glob("*.yaml"))}


def _crew(path: Path, operations: Path) -> Crew:
    top = read(path)
    name = top.text("crew")
    if name != path.stem:
        raise top.error(f"must be the file's own name, {path.stem}", "crew")
    documents, source = _documents(operations)
    inputs = {key: _argument(key, section) for key, section in top.sections("input")}
    tools = {key: _tool(key, section, documents) for key, section in top.sections("tools")}
    agents = {key: _agent(key, section, tools) for key, section in top.sections("agents")}
    tasks = {key: _task(name, key, section, agents) for key, section in top.sections("tasks")}
    actions = tuple(_action(section, tools, tasks) for section in top.items("actions", ()))
    crew = Crew(
        name=name,
        title=top.text("title"),
        version=_digest(path, source, name),
        mutation=top.text("field"),
        risk=_risk(top),
        grants=top.texts("grants"),
        approve_writes=top.truth("approve_writes", False),
        budget_micros=top.integer("budget_micros"),
        timeout_s=top.number("timeout_s", 120.0),
        input=inputs,
        untrusted_input=top.texts("untrusted_input", ()),
        tools=tools,
        agents=agents,
        tasks=tasks,
        actions=actions,
        steps=read_steps(top, tasks, actions, inputs),
        playbook_only=top.truth("playbook_only", False),
    )
    top.done()
    _check(crew, top)
    return crew


def _check(crew: Crew, top: Section) -> None:
    order = tuple(Risk)
    worst = max((order.index(crew.tools[action.tool].risk) for action in crew.actions), default=0)
    if worst != order.index(crew.risk):
        raise top.error(f"the crew's actions are {order[worst]} at worst", "risk")
    if not 1 <= crew.weight <= 4:
        raise top.error("a crew has 1 to 4 agents", "agents")
    for name in crew.untrusted_input:
        if name not in crew.input:
            raise top.error(f"there is no input {name}", "untrusted_input")
    if crew.playbook_only and crew.budget_micros:
        raise top.error("what asks no language model spends nothing on one", "budget_micros")
    for tool in crew.tools.values():
        if tool.document.startswith(ADDRESS) and not tool.untrusted and not crew.playbook_only:
            raise top.error(f"{tool.name}: a language model would read a provider's words as its own", "tools")
        for expression in tool.bound.values():
            if not is_expression(expression) or root_of(expression) != "input":
                raise top.error(f"{tool.name}: {expression} must be a path into $input", "tools")


def _documents(path: Path) -> tuple[dict[str, str], bytes]:
    if not path.exists():
        raise CatalogueError(f"{path.name}:1: there are no operations for the crew")
    text = path.read_text(encoding="utf-8")
    try:
        document = parse(text)
    except GraphQLError as error:
        line = error.locations[0].line if error.locations else 1
        raise CatalogueError(f"{path.name}:{line}: {error.message}") from error
    found = {}
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode) or node.name is None or node.loc is None:
            raise CatalogueError(f"{path.name}:1: holds operations with names, and nothing else")
        found[node.name.value] = text[node.loc.start : node.loc.end]
    return found, path.read_bytes()


def _tool(name: str, section: Section, documents: Mapping[str, str]) -> Tool:
    if "integration" in section:
        return _integration_tool(name, section)
    operation = section.text("operation")
    if operation not in documents:
        raise section.error(f"there is no operation of that name; there are {', '.join(documents)}", "operation")
    document = documents[operation]
    definition = parse(document).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    tool = Tool(
        name=name,
        risk=_risk(section),
        description=section.text("description"),
        document=document,
        arguments=tuple(_argument(key, part) for key, part in section.sections("arguments", {})),
        bound={key: str(value) for key, value in section.mapping("bind", {}).items()},
        untrusted=section.texts("untrusted", ()),
        presence=section.texts("presence", ()),
        payload=section.optional_text("payload"),
    )
    section.done()
    writes = definition.operation is OperationType.MUTATION
    if writes != (tool.risk is not Risk.READ) or writes != (tool.payload is not None):
        raise section.error("a mutation has a risk above READ and a payload, a query has neither", "risk")
    variables = {node.variable.name.value for node in definition.variable_definitions or ()}
    given = {argument.name for argument in tool.arguments} | set(tool.bound)
    if writes:
        given |= {"input"}
    if variables != given:
        raise section.error(f"the operation's variables are {', '.join(sorted(variables)) or 'none'}", "operation")
    return tool


def _integration_tool(name: str, section: Section) -> Tool:
    """One that reads at a provider; what writes there is proposed by the integration's own crew."""
    address = section.text("integration")
    try:
        operation = load_catalogue().operation(address)
    except KeyError:
        raise section.error("the catalogue has no such operation", "integration") from None
    if operation.risk is not Risk.READ:
        raise section.error("it writes: only the integration's own crew proposes that", "integration")
    bound = {key: str(value) for key, value in section.mapping("bind", {}).items()}
    if unknown := [key for key in bound if key not in operation.arguments["properties"]]:
        raise section.error(f"the operation has no argument {', '.join(unknown)}", "bind")
    tool = tool_of(
        operation,
        name=name,
        description=section.optional_text("description"),
        bound=bound,
        untrusted=section.texts("untrusted", ("text",)),
    )
    section.done()
    return tool


def _argument(name: str, section: Section) -> Argument:
    kind = section.text("type")
    if kind not in _TYPES:
        raise section.error(f"must be one of {', '.join(_TYPES)}", "type")
    argument = Argument(name, kind, section.text("description"), section.truth("required", True))
    section.done()
    return argument


def _agent(name: str, section: Section, tools: Mapping[str, Tool]) -> AgentProfile:
    described = load_catalogue().agents.get(section.text("catalogue")) if "catalogue" in section else None
    if described is None:
        if "catalogue" in section:
            raise section.error("the catalogue has no such agent", "catalogue")
        texts = section.text("role"), section.text("goal"), section.text("backstory")
    else:
        texts = described.role, described.goal, described.backstory
    profile = AgentProfile(name, *texts, section.texts("tools", ()), section.integer("max_iterations", 6))
    section.done()
    for tool in profile.tools:
        if tool not in tools:
            raise section.error(f"there is no tool {tool}", "tools")
        if tools[tool].risk is not Risk.READ:
            raise section.error(f"{tool} writes: agents read, and the crew's actions propose", "tools")
    return profile


def _task(crew: str, name: str, section: Section, agents: Mapping[str, AgentProfile]) -> TaskDefinition:
    task = TaskDefinition(
        name=name,
        agent=section.text("agent"),
        description=section.text("description"),
        expected_output=section.text("expected_output"),
        output=section.text("output"),
        guardrails=section.texts("guardrails", ()),
        guardrail_retries=section.integer("guardrail_retries", 1),
    )
    section.done()
    if task.agent not in agents:
        raise section.error(f"there is no agent {task.agent}", "agent")
    if task.output not in OUTPUTS:
        raise section.error(f"there is no output {task.output}; there are {', '.join(OUTPUTS)}", "output")
    for guardrail in task.guardrails:
        if guardrail not in GUARDRAILS:
            raise section.error(f"there is no guardrail {guardrail}", "guardrails")
    if (crew, name) not in PLAYBOOKS:
        raise section.error("there is no playbook for the task")
    return task


def _action(section: Section, tools: Mapping[str, Tool], tasks: Mapping[str, TaskDefinition]) -> ActionTemplate:
    action = ActionTemplate(
        tool=section.text("tool"),
        task=section.text("task"),
        each=section.optional_text("each"),
        arguments=section.mapping("arguments"),
        reason=section.text("reason"),
        when=section.optional_text("when"),
    )
    section.done()
    if action.when is not None and not is_expression(action.when):
        raise section.error("must be an expression", "when")
    if action.tool not in tools or tools[action.tool].risk is Risk.READ:
        raise section.error("must be one of the tools that write", "tool")
    if action.task not in tasks:
        raise section.error(f"there is no task {action.task}", "task")
    for expression in _expressions(action):
        root = root_of(expression)
        if root not in ROOTS or (root == "item" and action.each is None):
            raise section.error(f"{expression} begins with $input, $output or $engine, and with $item under each")
    return action


def _expressions(action: ActionTemplate) -> Iterator[str]:
    for value in (action.each, action.when, action.reason, *action.arguments.values()):
        if is_expression(value):
            yield str(value)


def _risk(section: Section) -> Risk:
    text = section.text("risk")
    if text not in Risk.__members__:
        raise section.error("must be READ, WRITE or MONEY", "risk")
    return Risk(text)


def _digest(definition: Path, operations: bytes, crew: str) -> str:
    """Of all that makes the crew but its outputs' models: files, documents, the playbook's code and what it shares."""
    digest = hashlib.sha256(definition.read_bytes() + b"\0" + operations)
    waiting, seen = [f"playbooks.{crew}"], set[str]()
    while waiting:
        name = waiting.pop()
        module = _HERE.joinpath(*name.split(".")).with_suffix(".py")
        if name in seen or not module.exists():
            continue
        seen.add(name)
        code = module.read_bytes()
        digest.update(b"\0" + code)
        if name.startswith("playbooks."):
            waiting += sorted({found.decode() for found in _TAKEN.findall(code)}, reverse=True)
    return digest.hexdigest()[:16]
