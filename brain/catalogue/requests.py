"""An operation and its arguments as the parts of an HTTP request."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx

from brain.catalogue import templates
from brain.catalogue.credentials import Credentials
from brain.catalogue.descriptors import Body, Integration, Operation, Place
from brain.catalogue.errors import InvalidArguments, MissingCredentials

__all__ = ["Request", "address", "base_address", "build", "encode", "set_path"]

_MAX_BODY_BYTES = 1_000_000
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CONTENT_TYPES = {
    Body.JSON: "application/json",
    Body.FORM: "application/x-www-form-urlencoded",
    Body.TEXT: "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request before authentication. `url` has no query if `query` has one."""

    method: str
    url: httpx.URL
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    body_kind: Body = Body.NONE

    def with_query(self, **changes: Any) -> "Request":
        """The same with other values in the query."""
        return replace(self, query={**self.query, **changes})


def address(integration: Integration, template: str, credentials: Credentials, operation: str) -> str:
    """An address with its variables filled in from the credentials; nothing else gets into it.

    Raises:
        MissingCredentials: a variable has no value, or one that is not allowed.
    """
    return templates.fill_text(template, _variables(integration, credentials, operation))


def base_address(integration: Integration, credentials: Credentials, operation: str) -> httpx.URL:
    """Where the integration is for the holder of these credentials.

    Raises:
        MissingCredentials: as `address`.
    """
    return httpx.URL(address(integration, integration.base_url, credentials, operation))


def build(
    integration: Integration,
    operation: Operation,
    arguments: Mapping[str, Any],
    credentials: Credentials,
    idempotency_key: str | None,
) -> Request:
    """The request of an operation.

    Raises:
        InvalidArguments: an argument cannot be put into the address.
        MissingCredentials: as `address`.
    """
    variables = _variables(integration, credentials, operation.name)
    base = templates.fill_text(integration.base_url, variables)
    try:
        path = templates.fill_path(operation.path, {**variables, **arguments})
        headers = {
            **integration.headers,
            **{name: templates.fill_text(value, arguments) for name, value in operation.headers.items()},
        }
        body = templates.fill(operation.body, arguments)
    except ValueError as error:
        raise InvalidArguments(operation.integration, operation.name, str(error)) from None
    query = templates.fill(operation.query, arguments) or {}
    if operation.body_kind is not Body.NONE and body is None:
        body = {}
    if operation.idempotency is not None and idempotency_key is not None:
        if not _KEY.fullmatch(idempotency_key):
            raise InvalidArguments(
                operation.integration, operation.name, "an idempotency key is 1 to 255 visible ASCII characters"
            )
        key = hashlib.sha256(idempotency_key.encode()).hexdigest() if operation.idempotency.hashed else idempotency_key
        if operation.idempotency.place is Place.HEADER:
            headers[operation.idempotency.name] = key
        else:
            body = set_path(body, operation.idempotency.name, key)
    return Request(operation.method, httpx.URL(base + path), query, headers, body, operation.body_kind)


def encode(request: Request) -> tuple[httpx.URL, dict[str, str], bytes]:
    """Address with query, headers, and body as sent.

    Raises:
        ValueError: the body is larger than 1 MB.
    """
    url = request.url
    if request.query:
        url = url.copy_merge_params(httpx.QueryParams(tuple(_pairs(request.query))))
    content = b""
    headers = dict(request.headers)
    if request.body_kind is not Body.NONE:
        if request.body_kind is Body.JSON:
            content = json.dumps(request.body, ensure_ascii=False, separators=(",", ":")).encode()
        elif request.body_kind is Body.FORM:
            content = urlencode(list(_brackets(request.body))).encode()
        else:
            content = str(request.body).encode()
        headers.setdefault("Content-Type", _CONTENT_TYPES[request.body_kind])
    if len(content) > _MAX_BODY_BYTES:
        raise ValueError("the request is larger than 1 MB")
    return url, headers, content


def set_path(body: Any, path: str, value: Any) -> Any:
    """The body with a value at a dotted path; mappings on the way are copied or made."""
    first, _, rest = path.partition(".")
    own = dict(body) if isinstance(body, Mapping) else {}
    own[first] = set_path(own.get(first), rest, value) if rest else value
    return own


def _variables(integration: Integration, credentials: Credentials, operation: str) -> dict[str, str]:
    values = {}
    for variable in integration.variables:
        given = credentials.get(variable.credential, variable.default)
        value = None
        if given is not None:
            if variable.choices:
                value = variable.choices.get(given)
            elif re.fullmatch(variable.pattern, given):
                value = given
        if value is None:
            allowed = f"one of {', '.join(variable.choices)}" if variable.choices else "of another form"
            raise MissingCredentials(
                integration.name, operation, f"the credential {variable.credential} must be {allowed}"
            )
        values[variable.name] = value
    return values


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        if isinstance(value, list | tuple):
            if name.endswith("[]"):
                yield from ((name, _plain(item)) for item in value)
            else:
                yield name, ",".join(_plain(item) for item in value)
        else:
            yield name, _plain(value)


def _brackets(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """A form whose nesting is written as `a[b]` and `a[0]`."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, item in entries:
        key = f"{prefix}[{name}]" if prefix else str(name)
        if isinstance(item, Mapping | list | tuple):
            yield from _brackets(item, key)
        else:
            yield key, _plain(item)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
