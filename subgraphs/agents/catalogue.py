"""The catalogue of integrations and agents, and the crews: files made from the Brain's descriptions, the same for all
tenants."""

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from resolvers.errors import Forbidden, InvalidValue
from subgraphs.agents.domain.fits import ActionKind, check_input, check_value
from subgraphs.agents.domain.values import Risk

__all__ = [
    "action_kind",
    "check_crew",
    "check_grants",
    "check_input_of",
    "integration_names",
    "integration_of",
    "load_catalogue",
    "load_crews",
]


_FOLDER = Path("schema")


@lru_cache
def load_catalogue() -> dict[str, Any]:
    """The catalogue: `version`, `counts`, `patterns`, `integrations`, `agents`. Read once; not to be changed.

    It lies in the checkout; where this package is installed without one, below the working folder, as in the image.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON.
    """
    catalogue: dict[str, Any] = _read("agent-catalogue.json")
    return catalogue


@lru_cache
def load_crews() -> dict[str, dict[str, Any]]:
    """All crews by name; see `load_catalogue`."""
    return {crew["name"]: crew for crew in _read("agent-crews.json")}


def check_input_of(crew: str, arguments: Mapping[str, Any], field: str) -> None:
    """Lets arguments through with which a crew can begin.

    Args:
        field: of the input in which they are.

    Raises:
        BadUserInput: says where.
    """
    check_crew(crew)
    found = load_crews()[crew]
    given = check_input(found["input"], arguments, field)
    integration = integration_of(found["integration"] or "")
    if integration is None:
        return
    if given["integration"] != integration["name"]:
        raise InvalidValue(field, f"must name the crew's own integration, {integration['name']}")
    wanted = given.get("operation")
    if wanted is None:
        return
    operation = next((known for known in integration["operations"] if known["name"] == wanted), None)
    if operation is None:
        raise InvalidValue(field, f"must name an operation of {integration['name']}")
    check_value(operation["arguments"], given.get("arguments") or {}, ("input", field, "arguments"))


def check_crew(name: str) -> str:
    """The name, if a crew has it.

    Raises:
        InvalidValue: none has.
    """
    if name not in load_crews():
        raise InvalidValue("crew", "is none of `agentCrews`")
    return name


def check_grants(crew: str, scopes: Collection[str]) -> None:
    """Lets who holds `scopes` have the crew work in their name: it does with their rights what it does.

    Raises:
        Forbidden: names what is missing.
    """
    for scope in load_crews().get(crew, {}).get("grants", ()):
        if scope not in scopes:
            raise Forbidden.missing(scope)


@lru_cache(maxsize=1000)
def action_kind(crew: str, tool: str) -> ActionKind | None:
    """What the crew may propose by a tool; None if it proposes nothing by it. Not to be changed."""
    found = load_crews().get(crew)
    if found is None:
        return None
    if found["integration"] is None:
        kinds = {
            action["tool"]: ActionKind(Risk[action["risk"]], frozenset(action["bound"]), action["arguments"])
            for action in found["actions"]
        }
        return kinds.get(tool)
    integration = integration_of(found["integration"])
    operations = {} if integration is None else {known["name"]: known for known in integration["operations"]}
    operation = operations.get(tool)
    if operation is None or Risk[operation["risk"]] is Risk.READ:
        return None
    return ActionKind(Risk[operation["risk"]], frozenset(), operation["arguments"])


def _read(name: str) -> Any:
    beside = Path(__file__).parents[2] / _FOLDER / name
    return json.loads((beside if beside.is_file() else _FOLDER / name).read_text())


@lru_cache
def _integrations() -> dict[str, dict[str, Any]]:
    return {integration["name"]: integration for integration in load_catalogue()["integrations"]}


def integration_names() -> frozenset[str]:
    """The names of all integrations."""
    return frozenset(_integrations())


def integration_of(name: str) -> dict[str, Any] | None:
    """The entry of an integration; None if there is none. Not to be changed."""
    return _integrations().get(name)
