"""A client of OpenID Connect providers: discovery, the authorization code flow with PKCE, and what an ID token proves.

The protocol's parts are Authlib's and PyJWT's; here is what is asked of whom, what is believed, and for how long.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import jwt
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError

from resolvers.outbound import NotPublic, outbound_client

__all__ = [
    "Browser",
    "OpenIdClient",
    "OpenIdFault",
    "Person",
    "ProviderUnavailable",
    "RelyingParty",
    "is_provider_url",
]

# Asymmetric alone: with a shared secret whoever can check a token could make one.
_ALGORITHMS: Final = (*(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA")
_TIMEOUT_S: Final = 8.0
_MAX_BYTES: Final = 500_000
_KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_LEEWAY_S: Final = 60
_METADATA_KEPT_S: Final = 3600.0
# An unknown key is asked for at once, but not by everybody who invents one.
_KEYS_AGAIN_S: Final = 30.0
_MAX_KNOWN: Final = 1000
_MAX_KEYS: Final = 50


class OpenIdFault(Exception):
    """What the provider answered is not to be believed; the message is for the log."""


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as one; the message is for the log."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What we are to a provider.

    Attributes:
        issuer: the provider, as it calls itself.
        client_secret: None for a public client, which PKCE protects.
    """

    key: str
    issuer: str
    client_id: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Browser:
    """A secret that only the browser has which began; what the provider must echo is derived from it, not stored."""

    secret: str

    @property
    def verifier(self) -> str:
        """For PKCE: 64 characters."""
        return self._derived("pkce")

    @property
    def nonce(self) -> str:
        """For the ID token."""
        return self._derived("nonce")

    def _derived(self, purpose: str) -> str:
        return hmac.digest(self.secret.encode(), f"openid {purpose}".encode(), hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider has signed in.

    Attributes:
        subject: its name for the person, never another one's.
        email: as it says, or None.
        is_verified: whether it says that the address is the person's.
    """

    subject: str
    email: str | None
    is_verified: bool
    name: str | None


@dataclass(slots=True)
class _Known:
    """What is remembered of a provider."""

    metadata: Mapping[str, Any]
    until_s: float
    keys: dict[str, jwt.PyJWK]
    asked_at_s: float


def is_provider_url(url: str, *, loopback: bool) -> bool:
    """Whether it may be asked: https, or on this machine, where that is allowed, also http."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or any(ord(letter) <= 32 for letter in url):
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and host in ("127.0.0.1", "localhost"))


class OpenIdClient:
    """Asks providers. What they publish is remembered: metadata for an hour, keys until one is unknown.

    Args:
        loopback: whether providers may run on this machine, without encryption.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._http: aiohttp.ClientSession | None = None
        self._known: dict[tuple[str, str], _Known] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def close(self) -> None:
        """Closes all connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def authorization_url(self, party: RelyingParty, browser: Browser, *, redirect_uri: str, state: str) -> str:
        """Where the browser is sent.

        Raises:
            ProviderUnavailable: the provider's metadata cannot be had.
        """
        metadata = (await self._provider(party)).metadata
        url: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            client_id=party.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope="openid email profile",
            state=state,
            nonce=browser.nonce,
            code_challenge=create_s256_code_challenge(browser.verifier),
            code_challenge_method="S256",
        )
        return url

    async def person(
        self, party: RelyingParty, browser: Browser, *, redirect_uri: str, code: str, issuer: str | None
    ) -> Person:
        """Whom the provider has signed in, by its code.

        Args:
            issuer: `iss` of the authorization response, by which a response of another provider is told (RFC 9207).

        Raises:
            OpenIdFault: the answer is another provider's, or proves nothing.
            ProviderUnavailable: the provider does not answer.
        """
        known = await self._provider(party)
        promised = known.metadata.get("authorization_response_iss_parameter_supported") is True
        if (issuer is not None or promised) and issuer != party.issuer:
            raise OpenIdFault("the response is from another issuer")
        tokens = await self._redeem(party, known.metadata, browser, redirect_uri, code)
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise OpenIdFault("there is no ID token")
        claims = await self._verified(party, token, browser.nonce, tokens.get("access_token"))
        email, name = claims.get("email"), claims.get("name")
        return Person(
            subject=claims["sub"],
            email=email if isinstance(email, str) else None,
            is_verified=claims.get("email_verified") is True,
            name=name if isinstance(name, str) else None,
        )

    async def _redeem(
        self, party: RelyingParty, metadata: Mapping[str, Any], browser: Browser, redirect_uri: str, code: str
    ) -> Mapping[str, Any]:
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=browser.verifier
        )
        # By default it is basic (OpenID Connect Discovery 1.0, section 3).
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        is_basic = not isinstance(methods, list) or "client_secret_basic" in methods
        method = "client_secret_basic" if is_basic else "client_secret_post"
        auth = ClientAuth(party.client_id, party.client_secret, "none" if party.client_secret is None else method)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        url, headers, body = auth.prepare("POST", metadata["token_endpoint"], headers, body)
        status, answer = await self._ask("POST", url, headers, body)
        if status != 200:
            error = answer.get("error")
            raise OpenIdFault(f"the code was refused: {error if isinstance(error, str) else status}")
        return answer

    async def _verified(self, party: RelyingParty, token: str, nonce: str, access_token: object) -> Mapping[str, Any]:
        """The claims of an ID token that was issued to us, by this provider, for this browser.

        Raises:
            OpenIdFault: it was not.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(party, header)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[header["alg"]],
                audience=party.client_id,
                issuer=party.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
            params = {"nonce": nonce, "client_id": party.client_id}
            if isinstance(access_token, str):
                params["access_token"] = access_token
            CodeIDToken(claims, header, params=params).validate(leeway=_LEEWAY_S)
        except (jwt.PyJWTError, JoseError, ValueError, TypeError) as error:
            raise OpenIdFault(f"the ID token is not valid: {type(error).__name__}: {error}") from error
        if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
            raise OpenIdFault("the ID token names nobody")
        return claims

    async def _key(self, party: RelyingParty, header: Mapping[str, Any]) -> jwt.PyJWK:
        """The provider's key for a token with this header. One that is not known is asked for, once in a while.

        Raises:
            OpenIdFault: there is none, or not for an algorithm that proves who has signed.
        """
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS:
            raise OpenIdFault(f"the algorithm {str(algorithm)[:20]!r} proves nothing")
        for fresh in (False, True):
            known = await self._provider(party, with_keys=True, fresh_keys=fresh)
            # Without a name there must be no choice.
            found = known.keys.get(kid) if isinstance(kid, str) else None
            if found is None and kid is None and len(known.keys) == 1:
                (found,) = known.keys.values()
            if found is not None:
                if found.key_type != _KEY_TYPES[algorithm[:2]]:
                    raise OpenIdFault("the key is of another kind than the token says")
                return found
        raise OpenIdFault("the key is not the provider's")

    async def _provider(self, party: RelyingParty, *, with_keys: bool = False, fresh_keys: bool = False) -> _Known:
        place = (party.key, party.issuer)
        async with self._locks.setdefault(place, asyncio.Lock()):
            known, now_s = self._known.get(place), time.monotonic()
            if known is None or known.until_s < now_s:
                metadata = await self._metadata(party.issuer)
                known = _Known(metadata, now_s + _METADATA_KEPT_S, {}, -_KEYS_AGAIN_S + now_s - 1)
                while len(self._known) >= _MAX_KNOWN:
                    oldest = next(iter(self._known))
                    self._known.pop(oldest)
                    self._locks.pop(oldest, None)
                self._known[place] = known
            wanted = (with_keys and not known.keys) or fresh_keys
            if wanted and now_s - known.asked_at_s > _KEYS_AGAIN_S:
                known.keys, known.asked_at_s = await self._keys(known.metadata["jwks_uri"]), now_s
            return known

    async def _metadata(self, issuer: str) -> Mapping[str, Any]:
        status, found = await self._ask("GET", get_well_known_url(issuer, external=True), {})
        if status != 200:
            raise ProviderUnavailable(f"discovery at {issuer} answers {status}")
        if found.get("issuer") != issuer:
            raise ProviderUnavailable(f"discovery at {issuer} is that of another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            url = found.get(name)
            if not isinstance(url, str) or not is_provider_url(url, loopback=self._loopback):
                raise ProviderUnavailable(f"discovery at {issuer} has no {name} that may be asked")
        return found

    async def _keys(self, url: str) -> dict[str, jwt.PyJWK]:
        status, found = await self._ask("GET", url, {})
        if status != 200:
            raise ProviderUnavailable(f"keys at {url}: {status}")
        keys: dict[str, jwt.PyJWK] = {}
        published = found.get("keys")
        if not isinstance(published, list):
            raise ProviderUnavailable(f"at {url} are no keys")
        for number, each in enumerate(published[:_MAX_KEYS]):
            if not isinstance(each, Mapping) or each.get("use", "sig") != "sig" or each.get("kty") == "oct":
                continue
            try:
                keys[str(each.get("kid", f"#{number}"))] = jwt.PyJWK(dict(each))
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                continue  # of a kind that is not known here
        return keys

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object, not following where else it may be.

        Raises:
            ProviderUnavailable: there is none.
        """
        if not is_provider_url(url, loopback=self._loopback):
            raise ProviderUnavailable("this address may not be asked")
        if self._http is None:
            self._http = outbound_client(_TIMEOUT_S, loopback=self._loopback)
        try:
            async with self._http.request(
                method, url, headers=dict(headers), data=body, allow_redirects=False
            ) as response:
                content = bytearray()
                async for part in response.content.iter_any():
                    content += part
                    if len(content) > _MAX_BYTES:
                        raise ProviderUnavailable("the answer is too large")
                found, status = json.loads(content), response.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if isinstance(error.__cause__, NotPublic):
                error = error.__cause__
            raise ProviderUnavailable(f"{urlsplit(url).netloc}: {type(error).__name__}: {error}") from error
        if not isinstance(found, dict):
            raise ProviderUnavailable("the answer is no JSON object")
        return status, found
