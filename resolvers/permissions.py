"""Scope checks on fields.

    @strawberry.field(extensions=[requires("crm:read")])
    async def leads(self, info: Info) -> LeadConnection: ...

Root fields of a mutation use `resolvers.mutations.mutation`, entity references `build_schema(entity_scopes=...)`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

__all__ = ["requires", "requires_tenant"]


class _RequiresScopes(FieldExtension):
    def __init__(self, scopes: tuple[str, ...]) -> None:
        self.scopes = scopes

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any) -> Any:
        info.context.require(*self.scopes)
        return next_(source, info, **kwargs)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any
    ) -> Any:
        info.context.require(*self.scopes)
        return await next_(source, info, **kwargs)


class _RequiresTenant(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any) -> Any:
        info.context.tenant_id()
        return next_(source, info, **kwargs)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any
    ) -> Any:
        info.context.tenant_id()
        return await next_(source, info, **kwargs)


def requires_tenant() -> FieldExtension:
    """A field extension for what every visitor of a tenant may see: without a tenant it refuses (UNAUTHENTICATED)."""
    return _RequiresTenant()


def requires(*scopes: str) -> FieldExtension:
    """A field extension that refuses callers who lack one of `scopes` (FORBIDDEN, naming it)."""
    return _RequiresScopes(scopes)
