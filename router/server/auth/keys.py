"""Sets of public keys (JWKS, RFC 7517): read, kept up to date, and never lost because their place is down."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from router.server.config import InvalidConfig
from router.server.config.authentication import JwksConfig

__all__ = ["KeySet", "KeysUnreadable", "VerificationKey", "read_keys"]

logger = logging.getLogger("router.server")

MAX_JWKS_BYTES = 1_000_000
UNKNOWN_KEY_PAUSE_S = 10.0
"""At least so long between two readings because of unknown key ids: these must not become a flood of requests."""
MIN_RSA_BITS = 2048
MIN_SECRET_BYTES = 32

_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class KeysUnreadable(Exception):
    """What is there is no set of keys, or there is nothing."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key.

    Attributes:
        kid: its id, if it has one.
        algorithms: those that it may be used for.
        key: as the library wants it.
    """

    kid: str | None
    algorithms: frozenset[str]
    key: Any


def read_keys(document: Any, allowed: Sequence[str]) -> tuple[VerificationKey, ...]:
    """The usable keys of a JWKS document. What is meant for other purposes, or is too weak, is left out.

    Raises:
        KeysUnreadable: it is no such document, or no key is left.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnreadable("no JSON Web Key Set")
    keys = [key for each in listed if isinstance(each, dict) and (key := _read_key(each, allowed)) is not None]
    if not keys:
        raise KeysUnreadable("no usable key in the set")
    return tuple(keys)


def _read_key(entry: dict[str, Any], allowed: Sequence[str]) -> VerificationKey | None:
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        return None
    # The key's own kind decides: a public key can never be taken for a shared secret.
    algorithms = _algorithms_of_kind(entry) & set(allowed)
    if "alg" in entry:
        algorithms &= {entry["alg"]}
    if not algorithms:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        logger.warning("a key cannot be read", extra={"fields": {"kid": entry.get("kid"), "reason": str(error)}})
        return None
    is_weak = isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS
    if is_weak or (isinstance(key, bytes) and len(key) < MIN_SECRET_BYTES):
        logger.warning("a key is too short to be used", extra={"fields": {"kid": entry.get("kid")}})
        return None
    kid = entry.get("kid")
    return VerificationKey(kid if isinstance(kid, str) else None, frozenset(algorithms), key)


def _algorithms_of_kind(entry: dict[str, Any]) -> set[str]:
    match entry.get("kty"):
        case "RSA":
            return {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
        case "EC":
            found = _BY_CURVE.get(str(entry.get("crv")))
            return {found} if found is not None else set()
        case "OKP":
            return {"EdDSA"}
        case "oct":
            return {"HS256", "HS384", "HS512"}
    return set()


class KeySet:
    """The keys of one place.

    Args:
        on_change: called when other keys are there than before.
        clock: monotonic seconds.

    Attributes:
        keys: none until they have been read.
        failure: why the last reading failed; None if it did not.

    Raises:
        InvalidConfig: the keys are in a file, and cannot be read.
    """

    def __init__(
        self,
        config: JwksConfig,
        on_change: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.place = config.url or str(config.file)
        self.keys: tuple[VerificationKey, ...] = ()
        self.failure: str | None = "not read yet"
        self._on_change = on_change
        self._clock = clock
        self._text = b""
        self._etag: str | None = None
        self._asked_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._poller: asyncio.Task[None] | None = None
        if config.file is not None:
            try:
                self._take(config.file.read_bytes())
            except (OSError, KeysUnreadable) as error:
                raise InvalidConfig(f"authentication.jwt.jwks: {self.place}: {error}") from error

    async def start(self) -> None:
        """Read the keys, and again from time to time. That they cannot be read is no reason not to start."""
        timeout = aiohttp.ClientTimeout(total=self.config.timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, headers=self.config.headers)
        if not self.keys:
            await self.refresh()
        self._poller = asyncio.get_running_loop().create_task(self._poll())

    async def close(self) -> None:
        """Stop reading."""
        for task in (self._poller, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        self._poller = self._reading = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def find_unknown(self) -> bool:
        """Read the keys again because a token names one that is not there; whether they were read, or are just now."""
        now = self._clock()
        if self._reading is None and self._asked_at is not None and now - self._asked_at < UNKNOWN_KEY_PAUSE_S:
            return False
        self._asked_at = now
        await self.refresh()
        return True

    async def refresh(self) -> None:
        """Read the keys; whoever asks meanwhile waits for the same. If it fails, those that are there stay."""
        if self._session is None:
            return
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._refresh())
            self._reading.add_done_callback(self._read)
        await asyncio.shield(self._reading)

    def _read(self, _: "asyncio.Task[None]") -> None:
        self._reading = None

    async def _poll(self) -> None:
        while True:
            # Not all routers at the same moment.
            await asyncio.sleep(self.config.poll_interval_s * random.uniform(0.9, 1.1))  # noqa: S311
            await self.refresh()

    async def _refresh(self) -> None:
        try:
            text = await self._fetch() if self.config.url is not None else await asyncio.to_thread(self._read_file)
            if text is not None:
                self._take(text)
        except (aiohttp.ClientError, OSError, KeysUnreadable) as error:  # TimeoutError is an OSError
            reason = str(error) or type(error).__name__
            if self.failure is None or not self.keys:
                fields = {"jwks": self.place, "reason": reason, "kept": len(self.keys)}
                logger.warning("keys cannot be read", extra={"fields": fields})
            self.failure = reason
            return
        if self.failure is not None:
            logger.info("keys read", extra={"fields": {"jwks": self.place, "keys": len(self.keys)}})
        self.failure = None

    def _read_file(self) -> bytes:
        assert self.config.file is not None
        return self.config.file.read_bytes()

    async def _fetch(self) -> bytes | None:
        """The document; None if it is the one that is known."""
        assert self._session is not None
        assert self.config.url is not None
        headers = {"accept": "application/json"} | ({"if-none-match": self._etag} if self._etag else {})
        async with self._session.get(self.config.url, headers=headers, allow_redirects=False) as response:
            if response.status == 304 and self._etag:
                return None
            if response.status != 200:
                raise KeysUnreadable(f"status {response.status}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                body += chunk
                if len(body) > MAX_JWKS_BYTES:
                    raise KeysUnreadable("the set is too large")
            text = bytes(body)
            self._parsed(text)
            self._etag = response.headers.get("etag")
            return text

    def _parsed(self, text: bytes) -> tuple[VerificationKey, ...]:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise KeysUnreadable("not JSON") from error
        return read_keys(document, self.config.algorithms)

    def _take(self, text: bytes) -> None:
        if text != self._text:
            self.keys, self._text = self._parsed(text), text
            self._on_change()
        if self.config.file is not None:
            self.failure = None
