"""Strawberry's federation schema, with what it leaves open closed.

Strawberry's own `_entities` changes the representations it is given, answers null for all when one type name is
unknown, and shows a Python error where a key field is missing. Here each representation is checked by itself and
fails by itself.
"""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext
from strawberry.types.scalar import ScalarDefinition

from resolvers.errors import BadUserInput, shown
from resolvers.mutations import ERROR_TYPES
from resolvers.operation import Operation

__all__ = ["SubgraphSchema", "build_schema"]

MAX_TOKENS = 20_000
# The router sends the same documents again and again, with other variables; reading one anew is a third of the work of
# a small operation. What the documents are is no tenant's secret: values are in variables.
CACHED_DOCUMENTS = 512


class SubgraphSchema(strawberry.federation.Schema):
    """A federation schema that resolves each representation by itself. Made by `build_schema`."""

    entity_scopes: Mapping[str, str] = {}

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Logs nothing here: `MaskErrors` logs what it masks."""

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[FederationAny]:
        """One entity, awaitable or error per representation, in order; an error nulls its own place only."""
        results: list[Any] = []
        for representation in representations:
            try:
                results.append(self._entity(info, representation))
            except Exception as error:  # noqa: BLE001 - becomes the error of this one place
                results.append(error)
        return results

    def _entity(self, info: strawberry.Info, representation: Any) -> Any:
        type_name = representation.get("__typename") if isinstance(representation, dict) else None
        if not isinstance(type_name, str):
            raise BadUserInput("A representation must be an object with a __typename.")
        concrete = self.schema_converter.type_map.get(type_name)
        definition = getattr(concrete, "definition", None)
        resolve = getattr(getattr(definition, "origin", None), "resolve_reference", None)
        if not isinstance(definition, StrawberryObjectDefinition) or resolve is None:
            raise BadUserInput(f"{type_name!r} is not an entity of this subgraph.")
        scope = self.entity_scopes.get(type_name)
        if scope is not None:
            info.context.require(scope)
        return resolve(**_reference_arguments(resolve, type_name, representation, info))


def _reference_arguments(
    resolve: Any, type_name: str, representation: dict[str, Any], info: strawberry.Info
) -> dict[str, Any]:
    """Keyword arguments of `resolve_reference`: `info` if it wants it, key fields by their snake-case names."""
    given = {_snake(name): value for name, value in representation.items() if name != "__typename"}
    arguments: dict[str, Any] = {}
    for parameter in _parameters(getattr(resolve, "__func__", resolve)):
        if parameter.kind is parameter.VAR_KEYWORD:
            return {**given, **arguments}
        if parameter.name == "info":
            arguments["info"] = info
        elif parameter.name in given:
            value = given[parameter.name]
            if parameter.annotation in (strawberry.ID, str) and not isinstance(value, str):
                raise BadUserInput(f"The key field {parameter.name!r} of {type_name} must be a text.")
            arguments[parameter.name] = value
        elif parameter.default is parameter.empty:
            raise BadUserInput(f"The representation of {type_name} lacks the key field {parameter.name!r}.")
    return arguments


@lru_cache
def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """Of a class method without its class."""
    return tuple(parameter for name, parameter in inspect.signature(function).parameters.items() if name != "cls")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class MaskErrors(SchemaExtension):
    """Shows business errors and the caller's own mistakes, masks and logs everything else."""

    async def on_operation(self) -> AsyncIterator[None]:
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            context = self.execution_context.context
            trace_id = context.request.request_id if isinstance(context, Operation) else ""
            result.errors = [shown(error, trace_id) for error in errors]  # type: ignore[union-attr]


class _Parsed(ParserCache):
    """Parses a document once. What cannot be parsed is left to Strawberry, which answers it as it should."""

    def on_parse(self) -> Iterator[None]:
        try:
            yield from super().on_parse()
        except GraphQLError:
            yield


def build_schema(
    *,
    query: type,
    mutation: type | None = None,
    subscription: type | None = None,
    types: Iterable[type] = (),
    entity_scopes: Mapping[str, str] | None = None,
    scalars: Mapping[Any, ScalarDefinition] | None = None,
) -> SubgraphSchema:
    """The schema of a subgraph, federation v2.11.

    Args:
        query: the root type.
        mutation: the root type; with one, the shared mutation error types are added.
        subscription: the root type.
        types: entity types that no field mentions.
        entity_scopes: GraphQL type name -> scope that a caller needs to resolve a reference to it.
        scalars: Python type (a `NewType`) -> the scalar that it is in GraphQL.
    """
    extra = [*types, *(ERROR_TYPES if mutation is not None else ())]
    schema = SubgraphSchema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=extra,
        federation_version="2.11",
        config=StrawberryConfig(scalar_map=dict(scalars or {})),
        extensions=[
            MaskErrors,
            lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
            lambda: _Parsed(maxsize=CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        ],
    )
    schema.entity_scopes = dict(entity_scopes or {})
    return schema
