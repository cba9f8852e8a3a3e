"""What each request goes through before its operation is looked at: tokens, the application's hook, demands on all.

HTTP, WebSockets, and each event of a subscription come through here, whichever way they are answered; there is nothing
to go through if neither the settings nor the application ask for it.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from router.hooks import RequestContext, RequestRefused
from router.server.config import InvalidConfig, RouterConfig

if TYPE_CHECKING:
    from router.server.auth.authenticator import Authenticator

__all__ = ["OnRequest", "entrance", "make_authenticator"]

OnRequest = Callable[[RequestContext], Awaitable[None] | None]


def make_authenticator(config: RouterConfig) -> "Authenticator | None":
    """None if the settings have no tokens.

    Raises:
        InvalidConfig: what verifies tokens is not installed, or keys in a file cannot be read.
    """
    if config.authentication.jwt is None:
        return None
    try:
        from router.server.auth.authenticator import Authenticator  # noqa: PLC0415  an extra
    except ImportError as error:
        raise InvalidConfig("authentication.jwt: a package is missing: install `bizosaas-brain[jwt]`") from error
    return Authenticator(config.authentication.jwt)


def entrance(config: RouterConfig, authenticator: "Authenticator | None", hook: OnRequest | None) -> OnRequest | None:
    """What a request goes through; None if that is nothing."""
    names = {*config.headers.claims}.union(*(section.headers.claims for section in config.subgraphs.values()))
    needs_caller = config.authorization.require_authentication
    if authenticator is None and not needs_caller and not names:
        return hook
    return Entrance(authenticator, hook, frozenset(names), needs_caller=needs_caller)


class Entrance:
    """See `entrance`.

    Args:
        own_headers: names of headers that only the router may set.
        needs_caller: whether anonymous requests are refused.
    """

    __slots__ = ("_authenticator", "_hook", "_needs_caller", "_own_headers")

    def __init__(
        self,
        authenticator: "Authenticator | None",
        hook: OnRequest | None,
        own_headers: frozenset[str],
        *,
        needs_caller: bool,
    ) -> None:
        self._authenticator = authenticator
        self._hook = hook
        self._own_headers = own_headers
        self._needs_caller = needs_caller

    def __call__(self, context: RequestContext) -> Awaitable[None] | None:
        """
        Raises:
            RequestRefused: the request ends here.
        """
        if not self._own_headers.isdisjoint(context.headers):
            kept = {name: value for name, value in context.headers.items() if name not in self._own_headers}
            context.headers = kept
        if self._authenticator is not None:
            verifying = self._authenticator(context)
            if verifying is not None:
                return self._after(verifying, context)
        return self._ask(context)

    async def _after(self, verifying: Awaitable[None], context: RequestContext) -> None:
        await verifying
        asking = self._ask(context)
        if asking is not None:
            await asking

    def _ask(self, context: RequestContext) -> Awaitable[None] | None:
        asking = self._hook(context) if self._hook is not None else None
        if asking is None:
            self._check(context)
            return None
        return self._asked(asking, context) if self._needs_caller else asking

    async def _asked(self, asking: Awaitable[None], context: RequestContext) -> None:
        await asking
        self._check(context)

    def _check(self, context: RequestContext) -> None:
        if self._needs_caller and context.claims is None:
            message = "This server answers only callers that it knows."
            raise RequestRefused(message, "UNAUTHENTICATED", 401, {"www-authenticate": "Bearer"})
