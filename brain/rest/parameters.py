"""From a request to variables: by the operation's own declarations, so that a route says nothing twice."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import ListTypeNode, NamedTypeNode, NonNullTypeNode, TypeNode

from brain.rest.problems import Problem
from brain.rest.routes import RestRoute

__all__ = ["read_body", "read_variables"]

_INT = re.compile(r"-?(0|[1-9][0-9]{0,9})")
_FLOAT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BOOLEANS = {"true": True, "false": False}


def read_variables(
    route: RestRoute, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The variables of the route's operation; what is left out has the operation's default.

    Args:
        path: values of the placeholders.
        query: parameters of the address, in their order.
        body: the JSON object, or None if the route takes none.

    Raises:
        Problem: something is missing, unknown, given twice, or not what it must be; its members say where.
    """
    variables: dict[str, Any] = {
        name: _read(value, route.variables[name].type, {"parameter": name}) for name, value in path.items()
    }
    wanted = {each.name: each for each in route.in_place("query")}
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        where = {"parameter": name}
        if name not in wanted:
            known = ", ".join(wanted) or "none"
            raise Problem("BAD_USER_INPUT", f"There is no parameter {name!r}; there are: {known}.", members=where)
        kind = _nullable(wanted[name].type)
        if isinstance(kind, ListTypeNode):
            variables[name] = [_read(value, kind.type, where) for value in values]
        elif len(values) > 1:
            raise Problem("BAD_USER_INPUT", f"The parameter {name!r} is given more than once.", members=where)
        else:
            variables[name] = _read(values[0], kind, where)
    fields = {each.name for each in route.in_place("body")}
    for name, value in (body or {}).items():
        if name not in fields:
            known = ", ".join(sorted(fields)) or "none"
            members = {"pointer": f"/{name}"}
            raise Problem("BAD_USER_INPUT", f"There is no member {name!r}; there are: {known}.", members=members)
        variables[name] = value
    for each in route.variables.values():
        if each.is_required and variables.get(each.name) is None:
            members = {"pointer": f"/{each.name}"} if each.place == "body" else {"parameter": each.name}
            raise Problem("BAD_USER_INPUT", f"{each.name!r} is missing.", members=members)
    return variables


def read_body(content_type: str | None, content: bytes) -> dict[str, Any]:
    """The JSON object that a request brings; nothing at all is an empty one.

    Raises:
        Problem: it is not JSON, no object, or has what cannot be sent on.
    """
    if not content:
        return {}
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem("UNSUPPORTED_MEDIA_TYPE", "Send the body as `content-type: application/json`.")
    try:
        body = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem("BAD_REQUEST", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem("BAD_REQUEST", "The body is a JSON object.")
    _check_sendable(body)
    return body


def _check_sendable(body: dict[str, Any]) -> None:
    """Refuses what JSON can spell and nobody can read: the router would tell of a text that the client has not sent.

    Raises:
        Problem: a text has a lone surrogate, or a number is too large; its member says where.
    """
    left: list[tuple[str, Any]] = [("", body)]
    while left:
        pointer, value = left.pop()
        if isinstance(value, dict):
            if any(_SURROGATES.search(name) for name in value):
                message = "A member's name is not valid Unicode: it has half of a surrogate pair."
                raise Problem("BAD_USER_INPUT", message, members={"pointer": pointer})
            left += [(f"{pointer}/{_escaped(name)}", inner) for name, inner in value.items()]
        elif isinstance(value, list):
            left += [(f"{pointer}/{at}", inner) for at, inner in enumerate(value)]
        elif isinstance(value, str) and _SURROGATES.search(value):
            message = f"{pointer!r} is not valid Unicode: it has half of a surrogate pair."
            raise Problem("BAD_USER_INPUT", message, members={"pointer": pointer})
        elif isinstance(value, float) and math.isinf(value):
            raise Problem("BAD_USER_INPUT", f"{pointer!r} is too large a number.", members={"pointer": pointer})


def _escaped(name: str) -> str:
    """As a JSON Pointer has it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _read(value: str, kind: TypeNode, where: Mapping[str, str]) -> Any:
    """A text of the address as the type says. What no type of GraphQL's own is, the router judges."""
    named = _nullable(kind)
    name = named.name.value if isinstance(named, NamedTypeNode) else ""
    # A lone surrogate cannot be sent on; the address is not valid UTF-8 then.
    if _SURROGATES.search(value):
        raise Problem("BAD_USER_INPUT", "The address is not valid UTF-8.", members=where)
    if name == "Int":
        if not _INT.fullmatch(value) or not -(2**31) <= int(value) < 2**31:
            raise Problem("BAD_USER_INPUT", f"{value!r} is not a whole number of 32 bits.", members=where)
        return int(value)
    if name == "Float":
        if not _FLOAT.fullmatch(value) or abs(float(value)) == float("inf"):
            raise Problem("BAD_USER_INPUT", f"{value!r} is not a number.", members=where)
        return float(value)
    if name == "Boolean":
        if value not in _BOOLEANS:
            raise Problem("BAD_USER_INPUT", f"{value!r} is neither true nor false.", members=where)
        return _BOOLEANS[value]
    return value


def _nullable(kind: TypeNode) -> TypeNode:
    return kind.type if isinstance(kind, NonNullTypeNode) else kind
