"""Reads the catalogue's files into `descriptors`, and refuses what does not fit together."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from brain.catalogue import templates
from brain.catalogue.agents_loader import read_agents, read_patterns
from brain.catalogue.descriptors import (
    Auth,
    AuthScheme,
    Body,
    Catalogue,
    CredentialField,
    ErrorShape,
    Idempotency,
    Integration,
    Operation,
    Pagination,
    PaginationStyle,
    Place,
    Quota,
    RateLimit,
    Reset,
    Risk,
    Secret,
    TokenGrant,
    UrlVariable,
)
from brain.catalogue.yaml_source import CatalogueError, Section, read

__all__ = ["CatalogueError", "load", "load_catalogue", "read_integration"]

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE)(?: (/\S*))?")
_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object"})


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with the Brain; read once.

    Raises:
        CatalogueError: a file is wrong.
    """
    return load(_HERE)


def load(folder: Path) -> Catalogue:
    """The catalogue in `folder`: `integrations/*.yaml`, `agents/patterns.yaml`, `goals.yaml`, `platform.yaml`.

    Raises:
        CatalogueError: a file is wrong; says file and line.
    """
    files = sorted((folder / "integrations").glob("*.yaml"))
    integrations = {integration.name: integration for integration in map(read_integration, files)}
    patterns = read_patterns(folder / "agents" / "patterns.yaml")
    agents = read_agents(folder / "agents", integrations, patterns)
    digest = hashlib.sha256()
    for path in [*files, *sorted((folder / "agents").glob("*.yaml"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return Catalogue(integrations, agents, patterns, digest.hexdigest()[:16])


def read_integration(path: Path) -> Integration:
    """The integration that a file describes.

    Raises:
        CatalogueError: the file is wrong; says file and line.
    """
    top = read(path)
    name = top.text("name")
    if name != path.stem or not _NAME.fullmatch(name):
        raise top.error(f"must be the file's own name, {path.stem}, in small letters", "name")
    auth = _auth(top)
    credentials = tuple(_credential(key, section) for key, section in top.sections("credentials"))
    variables = tuple(_variable(key, section) for key, section in top.sections("variables", {}))
    default_pagination = _pagination(top.section("pagination")) if "pagination" in top else None
    default_idempotency = _idempotency(top.section("idempotency")) if "idempotency" in top else None
    operations = {
        key: _operation(
            name, key, section, default_pagination, default_idempotency, {variable.name for variable in variables}
        )
        for key, section in top.sections("operations")
    }
    integration = Integration(
        name=name,
        title=top.text("title"),
        category=top.text("category"),
        docs=top.text("docs"),
        base_url=top.text("base_url"),
        auth=auth,
        credentials=credentials,
        variables=variables,
        headers=_texts(top, "headers"),
        rate_limit=_rate_limit(top.section("rate_limit")),
        errors=_errors(top.section("errors")),
        operations=operations,
        health=top.text("health"),
        health_arguments=top.mapping("health_arguments", {}),
        pattern=top.integer("pattern"),
        version=top.text("version", ""),
        timeout_s=top.number("timeout_s", 20.0),
        omits_empty=top.truth("omits_empty", False),
    )
    top.any("pagination", None), top.any("idempotency", None)
    top.done()
    _check(integration, top)
    return integration


def _auth(top: Section) -> Auth:
    section = top.section("auth")
    secrets = []
    for item in section.items("send", []):
        place = _choice(Place, item, "in")
        secrets.append(Secret(place, item.text("name", ""), item.text("value"), item.truth("optional", False)))
        item.done()
    grant = None
    if "token" in section:
        token = section.section("token")
        grant = TokenGrant(
            url=token.text("url"),
            fields=_texts(token, "fields"),
            client_auth=_choice(Place, token, "client_auth", Place.BODY),
            body=_choice(Body, token, "body", Body.FORM),
            rotates=token.truth("rotates", False),
            expires_default_s=token.integer("expires_default_s", 3600),
            client_id=token.text("client_id", "client_id"),
            client_secret=token.text("client_secret", "client_secret"),
        )
        token.done()
    auth = Auth(_choice(AuthScheme, section, "scheme"), tuple(secrets), grant)
    section.any("token", None)
    section.done()
    with_grant = {AuthScheme.OAUTH2_CLIENT_CREDENTIALS, AuthScheme.OAUTH2_REFRESH_TOKEN, AuthScheme.LWA}
    if (grant is not None) != (auth.scheme in with_grant):
        raise section.error("'token' says how an access token is got: for oauth2 and lwa only, and always there")
    return auth


def _credential(name: str, section: Section) -> CredentialField:
    field = CredentialField(
        name,
        section.text("description"),
        section.truth("secret", True),
        section.truth("required", True),
        section.optional_text("pattern"),
    )
    section.done()
    return field


def _variable(name: str, section: Section) -> UrlVariable:
    variable = UrlVariable(
        name,
        section.text("credential", name),
        section.text("pattern", ""),
        _texts(section, "choices"),
        section.optional_text("default"),
    )
    section.done()
    if not variable.pattern and not variable.choices:
        raise section.error("needs 'pattern' or 'choices': nothing may be put into an address unchecked")
    return variable


def _operation(
    integration: str,
    name: str,
    section: Section,
    pagination: Pagination | None,
    idempotency: Idempotency | None,
    variables: set[str],
) -> Operation:
    request = _REQUEST.fullmatch(section.text("request"))
    if request is None:
        raise section.error("must be a method and a path, as in 'GET /orders/{id}'", "request")
    method, path = request[1], request[2] or ""
    kinds = [kind for kind in (Body.JSON, Body.FORM, Body.TEXT) if kind.value in section]
    if len(kinds) > 1:
        raise section.error("has more than one body")
    body_kind = kinds[0] if kinds else Body.NONE
    own = section.any("pagination", None)
    if isinstance(own, dict):
        pagination = _pagination(section.section("pagination"))
    elif not section.truth("paginated", False):
        pagination = None
    elif pagination is None:
        raise section.error("the integration has no 'pagination'", "paginated")
    section.any("paginated", None)
    risk = _choice(Risk, section, "risk")
    own_idempotency = section.any("idempotency", None)
    if isinstance(own_idempotency, dict):
        idempotency = _idempotency(section.section("idempotency"))
    elif risk is Risk.READ or own_idempotency == "none":
        idempotency = None
    operation = Operation(
        integration=integration,
        name=name,
        description=section.text("description"),
        risk=risk,
        method=method,
        path=path,
        arguments=_schema(section),
        query=section.mapping("query", {}),
        body=section.any(body_kind.value, None) if kinds else None,
        body_kind=body_kind,
        headers=_texts(section, "headers"),
        result=section.text("result", ""),
        result_header=section.text("result_header", ""),
        pagination=pagination,
        success=frozenset(section.any("success", [])),
        repeatable=section.truth("repeatable", method in {"PUT", "DELETE"}),
        idempotency=idempotency,
        cost=section.integer("cost", 1),
    )
    section.done()
    _check_operation(operation, section, variables)
    return operation


def _schema(section: Section) -> dict[str, Any]:
    """The JSON schema of `arguments`, which must be given, and `optional`, which may be."""
    properties: dict[str, Any] = {}
    for key in ("arguments", "optional"):
        for name, schema in section.mapping(key, {}).items():
            if not isinstance(schema, dict) or schema.get("type") not in _SCHEMA_TYPES:
                raise section.error(f"{name}: needs a JSON schema with a 'type'", key)
            if name in properties:
                raise section.error(f"{name} is there twice", key)
            properties[name] = schema
    required = list(section.mapping("arguments", {}))
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _check_operation(operation: Operation, section: Section, variables: set[str]) -> None:
    known = set(operation.arguments["properties"])
    if known & variables:
        raise section.error(f"{', '.join(known & variables)} comes from the credentials, it cannot be an argument")
    used = set(templates.names(operation.path)) - variables
    for text in operation.headers.values():
        used |= set(templates.names(text))
    optional_in_path = used - set(operation.arguments["required"])
    used |= set(templates.arguments_of(operation.query)) | set(templates.arguments_of(operation.body))
    if unknown := used - known:
        raise section.error(f"uses {', '.join(sorted(unknown))}, which is no argument of it")
    if unused := known - used:
        raise section.error(f"never uses its argument {', '.join(sorted(unused))}", "arguments")
    if optional_in_path & known:
        raise section.error(f"an argument of the path cannot be left out: {', '.join(sorted(optional_in_path))}")
    if operation.idempotency and operation.idempotency.place is Place.BODY and operation.body_kind is not Body.JSON:
        raise section.error("a key in the body needs a body in JSON", "idempotency")
    if operation.risk is Risk.READ and operation.method in {"PUT", "PATCH", "DELETE"}:
        raise section.error(f"a {operation.method} is no READ", "risk")


def _check(integration: Integration, top: Section) -> None:
    fields = {credential.name for credential in integration.credentials}
    health = integration.operations.get(integration.health)
    if health is None or health.risk is not Risk.READ:
        raise top.error("must name a READ operation", "health")
    if missing := set(health.arguments["required"]) - set(integration.health_arguments):
        raise top.error(f"{', '.join(sorted(missing))} must be given", "health_arguments")
    in_url = set(templates.names(integration.base_url))
    if integration.auth.grant is not None:
        in_url |= set(templates.names(integration.auth.grant.url))
    declared = {variable.name for variable in integration.variables}
    for operation in integration.operations.values():
        in_url |= set(templates.names(operation.path)) & declared
    if in_url != declared:
        raise top.error(f"the addresses use {sorted(in_url)}, but 'variables' declares {sorted(declared)}")
    if not integration.base_url.startswith("https://"):
        raise top.error("must begin with https://", "base_url")
    for name in _credential_names(integration):
        if name not in fields and name != "access_token":
            raise top.error(f"{name!r} is used, but is not among the credentials", "credentials")


def _credential_names(integration: Integration) -> Iterator[str]:
    for secret in integration.auth.secrets:
        yield from templates.names(secret.value)
    for value in integration.headers.values():
        yield from templates.names(value)
    for variable in integration.variables:
        yield variable.credential
    if (grant := integration.auth.grant) is not None:
        for value in grant.fields.values():
            yield from templates.names(value)
        if grant.client_auth is Place.BASIC:
            yield from (grant.client_id, grant.client_secret)


def _pagination(section: Section) -> Pagination:
    pagination = Pagination(
        style=_choice(PaginationStyle, section, "style"),
        items=section.text("items"),
        parameter=section.text("parameter", ""),
        place=_choice(Place, section, "in", Place.QUERY),
        cursor=section.text("cursor", ""),
        more=section.text("more", ""),
        size_parameter=section.text("size_parameter", ""),
        size=section.integer("size", 0),
        start=section.integer("start", 1),
        item_id=section.text("item_id", "id"),
        total=section.text("total", ""),
        continue_path=section.text("continue_path", ""),
        pages=section.integer("pages", 0),
    )
    section.done()
    needs = {
        PaginationStyle.CURSOR: (pagination.parameter, pagination.cursor),
        PaginationStyle.LAST_ITEM: (pagination.parameter, pagination.more or pagination.size),
        PaginationStyle.PAGE: (pagination.parameter, pagination.size),
        PaginationStyle.OFFSET: (pagination.parameter, pagination.size),
        PaginationStyle.LINK_HEADER: (),
        PaginationStyle.NEXT_URL: (pagination.cursor,),
    }[pagination.style]
    if not all(needs):
        raise section.error(f"does not say all that the style {pagination.style} needs")
    return pagination


def _idempotency(section: Section) -> Idempotency:
    idempotency = Idempotency(_choice(Place, section, "in"), section.text("name"), section.truth("hashed", False))
    section.done()
    return idempotency


def _rate_limit(section: Section) -> RateLimit:
    reset = quota = None
    if "reset" in section:
        part = section.section("reset")
        reset = Reset(
            _choice(Place, part, "in"), part.text("name"), part.text("unit", "seconds"), part.text("remaining", "")
        )
        part.done()
    if "quota" in section:
        part = section.section("quota")
        quota = Quota(part.integer("units_per_day"), part.text("unit", "units"))
        part.done()
    requests, per_s = section.integer("requests"), section.number("per_s")
    burst, wait_s = section.integer("burst", requests), section.number("wait_s", 0.0)
    limit = RateLimit(requests, per_s, burst, reset, quota, wait_s)
    section.any("reset", None), section.any("quota", None)
    section.done()
    return limit


def _errors(section: Section) -> ErrorShape:
    shape = ErrorShape(
        message=section.texts("message", ()),
        code=section.texts("code", ()),
        failure=section.text("failure", ""),
        success_values=tuple(section.any("success_values", ())),
        auth_codes=frozenset(map(str, section.any("auth_codes", ()))),
        rate_codes=frozenset(map(str, section.any("rate_codes", ()))),
    )
    section.done()
    return shape


def _texts(section: Section, key: str) -> Mapping[str, str]:
    values = section.mapping(key, {})
    for name, value in values.items():
        if not isinstance(value, str):
            raise section.error(f"{name}: must be a text (put it in quotes)", key)
    return values


def _choice(kind: Any, section: Section, key: str, default: Any = None) -> Any:
    value = section.any(key, default) if default is not None else section.any(key)
    try:
        return kind(value)
    except ValueError as error:
        raise section.error(f"must be one of {', '.join(kind)}", key) from error
