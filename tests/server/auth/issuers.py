"""Issuers of tokens: real keys of every kind, and a server that publishes them and can be told to fail."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SECRET = b"a secret of more than thirty-two bytes, for HS256"


@cache
def private_key(kind: str, number: int = 0) -> Any:
    """A key; the same for the same arguments, while the tests run."""
    _ = number
    match kind:
        case "RSA":
            return rsa.generate_private_key(65537, 2048)
        case "weak RSA":
            return rsa.generate_private_key(65537, 1024)
        case "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        case "P-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
    return SECRET


def jwk(kind: str, kid: str | None = "one", number: int = 0, **more: Any) -> dict[str, Any]:
    """The public half, as a set has it; of a secret the secret."""
    key = private_key(kind, number)
    if isinstance(key, bytes):
        entry: dict[str, Any] = {"kty": "oct", "k": base64.urlsafe_b64encode(key).rstrip(b"=").decode()}
    else:
        algorithms: dict[str, Any] = {
            "RSA": jwt.algorithms.RSAAlgorithm,
            "weak RSA": jwt.algorithms.RSAAlgorithm,
            "Ed25519": jwt.algorithms.OKPAlgorithm,
        }
        algorithm = algorithms.get(kind, jwt.algorithms.ECAlgorithm)
        entry = json.loads(algorithm.to_jwk(key.public_key()))
        entry.pop("key_ops", None)
    return entry | ({"kid": kid} if kid is not None else {}) | more


ALGORITHM = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "Ed25519": "EdDSA", "secret": "HS256"}


def token(
    kind: str = "Ed25519",
    kid: str | None = "one",
    number: int = 0,
    *,
    algorithm: str | None = None,
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """A signed token of `ada`, good for a minute; a claim that is None is left out."""
    said = {"sub": "ada", "exp": int(time.time()) + 60, **claims}
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        private_key(kind, number),
        algorithm=algorithm or ALGORITHM[kind],
        headers={**({"kid": kid} if kid is not None else {}), **(headers or {})},
    )


class Publisher:
    """Publishes keys.

    Attributes:
        answer: `keys`, or what it answers with instead: `error`, `nonsense`, `nothing` (for ever), `empty`.
        asked: the value of `if-none-match` in each request.
    """

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.answer = "keys"
        self.asked: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.over = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.headers.get("if-none-match"))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        match self.answer:
            case "error":
                return web.Response(status=500)
            case "nonsense":
                return web.Response(text="<html>")
            case "nothing":
                await self.over.wait()
            case "empty":
                return web.json_response({"keys": []})
        body = json.dumps({"keys": self.keys})
        etag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == etag:
            return web.Response(status=304, headers={"etag": etag})
        return web.Response(text=body, headers={"etag": etag})


@asynccontextmanager
async def publishing(*keys: dict[str, Any]) -> AsyncIterator[Publisher]:
    publisher = Publisher(*keys)
    app = web.Application()
    app.router.add_get("/jwks.json", publisher.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    publisher.url = f"http://{host}:{port}/jwks.json"
    try:
        yield publisher
    finally:
        publisher.over.set()
        await runner.cleanup()
