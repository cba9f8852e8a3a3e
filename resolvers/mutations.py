"""Mutations answer a payload: the result, and what was refused as typed errors.

    @strawberry.type
    class CreateLeadPayload(MutationPayload):
        lead: Lead | None = None

    @mutation(CreateLeadPayload, scope="crm:write")
    async def create_lead(self, info: Info, input: CreateLeadInput) -> CreateLeadPayload:
        return CreateLeadPayload(lead=await usecases.create_lead(...))

The use case raises `DomainError`s. Those with `typed = True` become members of `errors`, an interface with the same
implementations in all subgraphs; who may not ask at all (UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED) gets a GraphQL
error. Either way everything the field wrote is undone: each mutation field runs in a savepoint of its own, so the
fields beside it keep what they wrote.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from resolvers.errors import BadUserInput, Conflict, DomainError, NotFound, as_domain_error

__all__ = [
    "ERROR_TYPES",
    "ConflictError",
    "InvalidInputError",
    "MutationError",
    "MutationPayload",
    "NotFoundError",
    "RefusedError",
    "mutation",
]


@strawberry.interface(description="Why a mutation was refused.")
class MutationError:
    code: str = strawberry.field(description="Stable, for programs: NOT_FOUND, LAST_OWNER.")
    message: str = strawberry.field(description="For people.")


@strawberry.federation.type(shareable=True, description="The input breaks a rule.")
class InvalidInputError(MutationError):
    path: list[str] = strawberry.field(description="From the argument down to the wrong value.")


@strawberry.federation.type(shareable=True, description="What the mutation refers to does not exist for this tenant.")
class NotFoundError(MutationError):
    pass


@strawberry.federation.type(shareable=True, description="It exists already, or has changed in the meantime.")
class ConflictError(MutationError):
    pass


@strawberry.federation.type(shareable=True, description="A rule of the domain forbids it.")
class RefusedError(MutationError):
    pass


Resolver = Callable[..., Awaitable[Any]]

ERROR_TYPES: tuple[type, ...] = (InvalidInputError, NotFoundError, ConflictError, RefusedError)


@strawberry.type
class MutationPayload:
    """Base of every payload; its other fields must have defaults."""

    errors: list[MutationError] = strawberry.field(
        default_factory=list, description="Empty if the mutation was carried out."
    )


class _Mutation(FieldExtension):
    def __init__(self, payload: type[MutationPayload], scopes: tuple[str, ...], *, apart: bool) -> None:
        self.payload = payload
        self.scopes = scopes
        self.apart = apart

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any
    ) -> Any:
        operation = info.context
        operation.require(*self.scopes)
        operation.mutates = True
        try:
            if self.apart:
                return await next_(source, info, **kwargs)
            async with operation.session.savepoint():
                return await next_(source, info, **kwargs)
        except Exception as error:
            domain = as_domain_error(error)
            if domain is None or not domain.typed:
                raise
            return self.payload(errors=[_typed(domain)])
        finally:
            operation.loaders.clear()


def mutation(
    payload: type[MutationPayload],
    *,
    scope: str | None = None,
    apart: bool = False,
    extensions: Sequence[FieldExtension] = (),
    **options: Any,
) -> Callable[[Resolver], Any]:
    """Decorates the resolver of a mutation field that answers `payload`.

    Args:
        payload: constructible with `errors` alone.
        scope: what the caller must hold; None for fields that anyone may call.
        apart: for fields that wait for other services: no savepoint (and so no connection) is held meanwhile; what they
            write, they write in `TenantSession.apart`.
        extensions: further ones; what they refuse is answered as what the resolver refuses.
        options: passed on to `strawberry.federation.mutation` (`name`, `description`, `tags`, `directives`).
    """
    scopes = () if scope is None else (scope,)
    decorator: Callable[[Resolver], Any] = strawberry.federation.mutation(
        extensions=[*extensions, _Mutation(payload, scopes, apart=apart)], **options
    )
    return decorator


def _typed(error: DomainError) -> MutationError:
    if isinstance(error, BadUserInput):
        return InvalidInputError(code=error.code, message=error.message, path=list(error.path))
    if isinstance(error, NotFound):
        return NotFoundError(code=error.code, message=error.message)
    if isinstance(error, Conflict):
        return ConflictError(code=error.code, message=error.message)
    return RefusedError(code=error.code, message=error.message)
