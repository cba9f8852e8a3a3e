"""An OpenID Connect provider on loopback, with keys of its own, that does what a test wants it to do wrong."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

CLIENT_ID = "brain at acme"
CLIENT_SECRET = "very : secret"
REDIRECT_URI = "https://app.acme.example/signed-in"


@dataclass
class Key:
    """A signing key, published under `kid`."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def jwk(self) -> dict[str, Any]:
        """Its public half."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}


@dataclass
class Grant:
    """What a code is good for."""

    redirect_uri: str
    challenge: str
    nonce: str


@dataclass
class Provider:
    """The server's state, for tests to change and to look at.

    Attributes:
        redirect_uris: where it sends browsers back to.
        person: claims of who is signed in there.
        claims: instead of those that an ID token would have; None leaves one out.
        metadata: likewise, of discovery.
        asked: paths, in order.
        shown: what came in as credentials of the client.
    """

    url: str = ""
    keys: list[Key] = field(default_factory=lambda: [Key("first")])
    redirect_uris: frozenset[str] = frozenset({REDIRECT_URI})
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    response: dict[str, str] = field(default_factory=dict)
    sign: Any = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.discovery)
        app.router.add_get("/authorize", self.authorize)
        app.router.add_post("/token", self.token)
        app.router.add_get("/keys", self.jwks)
        return app

    async def discovery(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return web.json_response(found, status=self.status)

    async def jwks(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"keys": [key.jwk() for key in self.keys]})

    async def authorize(self, request: web.Request) -> web.Response:
        """As if the person had logged in and agreed."""
        query = request.query
        assert (query["client_id"], query["response_type"]) == (CLIENT_ID, "code")
        assert query["redirect_uri"] in self.redirect_uris
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        self.grants[code] = Grant(query["redirect_uri"], query["code_challenge"], query["nonce"])
        back = {"code": code, "state": query["state"], "iss": self.url, **self.response}
        return web.Response(status=302, headers={"location": f"{query['redirect_uri']}?{urlencode(back)}"})

    async def token(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.shown.append(request.headers.get("authorization", ""))
        form = await request.post()
        grant = self.grants.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.shown[-1] != basic:
            return web.json_response({"error": "invalid_client"}, status=401)
        if grant is None or grant.challenge != challenge or form.get("redirect_uri") != grant.redirect_uri:
            return web.json_response({"error": "invalid_grant"}, status=400)
        answer = {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(grant.nonce)}
        return web.json_response({name: value for name, value in answer.items() if value is not None})

    def id_token(self, nonce: str) -> str | None:
        """A token of the person, with the faults that are wanted."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "p-1",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            token: str | None = self.sign(claims, self.keys[-1])
            return token
        key = self.keys[-1]
        return jwt.encode(claims, key.private, "ES256", headers={"kid": key.kid, **self.headers})


def brought_back(location: str) -> Mapping[str, str]:
    """The parameters with which a browser is sent back."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
