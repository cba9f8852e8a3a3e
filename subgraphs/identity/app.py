"""The subgraph `identity`: GraphQL, and the public keys of its access tokens."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.identity.openid import OpenIdClient
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.schema import identity_schema
from subgraphs.identity.services import Services
from subgraphs.identity.tokens import AccessTokens

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The application, at `/identity/...`.

    Raises:
        OSError: the private key cannot be read.
        ValueError: it is not an Ed25519 key.
    """
    tokens = AccessTokens.from_file(settings.identity_private_key_file, settings.token_issuer)

    openid = OpenIdClient(loopback=settings.oidc_loopback)

    async def jwks(_: Request) -> Response:
        return JSONResponse(tokens.jwks, headers={"cache-control": "public, max-age=300"})

    return subgraph_app(
        "identity",
        identity_schema(),
        settings,
        services=Services(Passwords(), tokens, openid),
        routes=[Route("/.well-known/jwks.json", jwks)],
        on_stop=openid.close,
    )


def sdl() -> str:
    """The schema as composition reads it."""
    return identity_schema().as_str()
