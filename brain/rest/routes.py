"""The routes as data: `routes.toml`, an operation for each in `operations/`, what several select in `fragments/`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType, TypeNode, parse

__all__ = ["PREFIX", "RestRoute", "RoutesInvalid", "Variable", "load_routes"]

PREFIX = "/rest/v1"

_HERE = Path(__file__).parent
_SAFE = frozenset({"GET"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)([A-Za-z_]\w*)")
_PLACEHOLDER = re.compile(r"\{([A-Za-z]\w*)\}")
_KEYS = frozenset(
    {"method", "path", "operation", "summary", "tag", "result", "paged", "customer", "status", "location", "only_with"}
)


class RoutesInvalid(ValueError):
    """The file of routes, or an operation, is not what it must be; the message says where."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of an operation, which is a parameter of the route.

    Attributes:
        type: as the operation declares it.
        place: "path", "query" or "body".
        default: the operation's, as GraphQL; None if there is none.
    """

    name: str
    type: TypeNode
    place: str
    default: Any = None

    @property
    def is_required(self) -> bool:
        """Whether a request without it is refused."""
        return self.type.kind == "non_null_type" and self.default is None


@dataclass(frozen=True, slots=True)
class RestRoute:
    """One method of one path.

    Attributes:
        segments: of the path, below the prefix; placeholders in braces.
        operation: name of the operation.
        document: its text; `tree` the same, parsed.
        result: the way from the answer's `data` to what the client gets.
        is_paged: the result is a connection, of which the client gets the nodes.
        is_of_customer: it is about a customer of the shop: nobody's without the token of one.
        status: of a success.
        location: path of what was made, with placeholders for fields of the result; None if nothing was.
        only_with: where the result is a list: entries in which this field is null are left out.
    """

    method: str
    path: str
    operation: str
    summary: str
    tag: str
    document: str
    tree: DocumentNode
    result: tuple[str, ...]
    is_paged: bool = False
    is_of_customer: bool = False
    status: int = 200
    location: str | None = None
    only_with: str | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def definition(self) -> OperationDefinitionNode:
        """The operation."""
        return next(node for node in self.tree.definitions if isinstance(node, OperationDefinitionNode))

    def in_place(self, place: str) -> list[Variable]:
        """The parameters that stand there, in the order of the operation."""
        return [each for each in self.variables.values() if each.place == place]


@cache
def load_routes(folder: Path = _HERE) -> tuple[RestRoute, ...]:
    """All routes, in the order of the file.

    Raises:
        RoutesInvalid: something does not fit together.
    """
    data = tomllib.loads((folder / "routes.toml").read_text(encoding="utf-8"))
    routes = tuple(_route(folder, entry) for entry in data["route"])
    places = [(route.method, _PLACEHOLDER.sub("{}", route.path)) for route in routes]
    for place in places:
        if places.count(place) > 1:
            raise RoutesInvalid(f"{place[0]} {place[1]}: there are two such routes")
    return routes


def _route(folder: Path, entry: Mapping[str, Any]) -> RestRoute:
    where = f"{entry.get('method')} {entry.get('path')}"
    if unknown := entry.keys() - _KEYS:
        raise RoutesInvalid(f"{where}: there is no {min(unknown)!r}")
    if missing := {"method", "path", "operation", "summary", "tag", "result"} - entry.keys():
        raise RoutesInvalid(f"{where}: {min(missing)!r} is missing")
    method, path = entry["method"], entry["path"]
    if method not in _METHODS:
        raise RoutesInvalid(f"{where}: the method is one of {', '.join(sorted(_METHODS))}")
    text = _document(folder, entry["operation"])
    tree = parse(text)
    operations = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None or operations[0].name.value != entry["operation"]:
        raise RoutesInvalid(f"{where}: its document has one operation, of its own name")
    wanted = OperationType.QUERY if method in _SAFE else OperationType.MUTATION
    if operations[0].operation is not wanted:
        raise RoutesInvalid(f"{where}: its operation is a {wanted.value}")
    in_path = set(_PLACEHOLDER.findall(path))
    variables = {}
    for node in operations[0].variable_definitions or ():
        name = node.variable.name.value
        place = "path" if name in in_path else "query" if method in {"GET", "DELETE"} else "body"
        variables[name] = Variable(name, node.type, place, node.default_value)
    if lost := in_path - variables.keys():
        raise RoutesInvalid(f"{where}: its operation has no variable ${min(lost)}")
    return RestRoute(
        method=method,
        path=path,
        operation=entry["operation"],
        summary=entry["summary"],
        tag=entry["tag"],
        document=text,
        tree=tree,
        result=tuple(entry["result"].split(".")),
        is_paged=entry.get("paged", False),
        is_of_customer=entry.get("customer", False),
        status=entry.get("status", 200),
        location=entry.get("location"),
        only_with=entry.get("only_with"),
        variables=variables,
    )


def _document(folder: Path, operation: str) -> str:
    """The operation, with each fragment that it or another of them spreads."""
    files, names = [folder / "operations" / f"{operation}.graphql"], set[str]()
    texts = []
    for file in files:
        if not file.is_file():
            raise RoutesInvalid(f"{operation}: there is no {file.parent.name}/{file.name}")
        texts.append(file.read_text(encoding="utf-8"))
        for name in _SPREAD.findall(texts[-1]):
            if name not in names:
                names.add(name)
                files.append(folder / "fragments" / f"{name}.graphql")
    return "\n".join(texts)
