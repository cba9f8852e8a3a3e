"""From a request's headers to its claims."""

import logging
from collections.abc import Awaitable, Mapping

from router.hooks import RequestContext, RequestRefused
from router.server.auth.tokens import InvalidToken, Tokens, UnknownKey
from router.server.config.authentication import JwtConfig, TokenSourceConfig

__all__ = ["Authenticator"]

logger = logging.getLogger("router.server")


class Authenticator:
    """Finds the token of each request, verifies it, and puts what it says into the request's context."""

    def __init__(self, config: JwtConfig) -> None:
        self._config = config
        self._tokens = Tokens(config)

    async def start(self) -> None:
        """Begin to read keys, and wait for the first ones."""
        for key_set in self._tokens.key_sets:
            await key_set.start()

    async def close(self) -> None:
        """Stop reading keys."""
        for key_set in self._tokens.key_sets:
            await key_set.close()

    def state(self) -> str:
        """Whether all sets of keys could be read lately, as the readiness page says it."""
        wrong = [each for each in self._tokens.key_sets if each.failure is not None]
        if not wrong:
            return "up"
        return "down" if any(not each.keys for each in wrong) else "keys kept"

    def __call__(self, context: RequestContext) -> Awaitable[None] | None:
        """Set the context's claims, at once if the keys are there.

        Raises:
            RequestRefused: 401 for a token that is wrong, 503 while no key could be read yet.
        """
        context.claims = context.expires_at = None
        try:
            token = self._token(context.headers)
            if token is not None:
                self._admit(token, context)
        except UnknownKey:
            assert token is not None
            return self._admit_with_new_keys(token, context)
        except InvalidToken as error:
            self._refuse(error, context)
        return None

    async def _admit_with_new_keys(self, token: str, context: RequestContext) -> None:
        for key_set in self._tokens.key_sets:
            await key_set.find_unknown()
        try:
            self._admit(token, context)
        except InvalidToken as error:
            if isinstance(error, UnknownKey) and not all(each.keys for each in self._tokens.key_sets):
                raise RequestRefused(
                    "Tokens cannot be verified right now.", "KEYS_UNAVAILABLE", 503, {"retry-after": "5"}
                ) from error
            self._refuse(error, context)

    def _admit(self, token: str, context: RequestContext) -> None:
        verified = self._tokens.verify(token)
        context.claims = verified.claims
        context.expires_at = verified.expires_at

    def _refuse(self, error: InvalidToken, context: RequestContext) -> None:
        if self._config.on_error == "continue":
            fields = {"request_id": context.request_id, "reason": error.message}
            logger.info("a token was passed over", extra={"fields": fields})
            return
        description = error.message.replace('"', "'")
        challenge = f'Bearer error="invalid_token", error_description="{description}"'
        raise RequestRefused(error.message, error.code, 401, {"www-authenticate": challenge}) from error

    def _token(self, headers: Mapping[str, str]) -> str | None:
        """The request's token; None if it has none.

        Raises:
            InvalidToken: there is something else in its place.
        """
        for source in self._config.sources:
            if source.header is not None:
                value = headers.get(source.header)
                if value is not None:
                    token = self._after_prefix(value, source)
                    if token is not None:
                        return token
            elif source.cookie is not None and "cookie" in headers:
                token = cookie_value(headers["cookie"], source.cookie)
                if token:
                    return token
        return None

    def _after_prefix(self, value: str, source: TokenSourceConfig) -> str | None:
        value = value.strip()
        if not source.prefix:
            return value or None
        scheme, _, token = value.partition(" ")
        token = token.strip()
        if scheme.lower() == source.prefix.lower() and token:
            return token
        if self._config.ignore_other_prefixes and scheme.lower() != source.prefix.lower():
            return None
        raise InvalidToken(f"The header {source.header!r} must be `{source.prefix}` and a token.")


def cookie_value(header: str, name: str) -> str | None:
    """The value of a cookie; of several of that name the first."""
    for part in header.split(";"):
        key, found, value = part.partition("=")
        if found and key.strip() == name:
            return value.strip().strip('"')
    return None
