"""How callers prove who they are."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from router.server.config.sections import HeaderName, HeaderValue, Seconds, Section

__all__ = ["Algorithm", "AuthenticationConfig", "JwksConfig", "JwtConfig", "TokenSourceConfig"]

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]  # fmt: skip
PUBLIC_KEY_ALGORITHMS: tuple[Algorithm, ...] = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip


class JwksConfig(Section):
    """A set of keys, and what tokens signed with them must say."""

    url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", description="Where the keys are published.")
    file: Path | None = Field(default=None, description="Or the file that has them; relative to this file.")
    issuers: tuple[str, ...] = Field(default=(), description="Whose tokens are taken (`iss`); none: anybody's.")
    audiences: tuple[str, ...] = Field(
        default=(), description="Of which a token must name one (`aud`); none: it is not looked at."
    )
    algorithms: tuple[Algorithm, ...] = Field(
        default=PUBLIC_KEY_ALGORITHMS,
        min_length=1,
        description="How tokens may be signed. A key is only ever used for algorithms of its own kind.",
    )
    poll_interval_s: Seconds = Field(default=60.0, description="How often the keys are read again.")
    timeout_s: Seconds = Field(default=5.0, description="How long reading them may take.")
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="Sent when they are read.")

    @model_validator(mode="after")
    def has_one_place(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("needs either url or file")
        return self


class TokenSourceConfig(Section):
    """Where a request has its token."""

    header: HeaderName | None = None
    prefix: str = Field(default="Bearer", description="What comes before the token in the header; may be empty.")
    cookie: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def has_one_place(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            raise ValueError("needs either header or cookie")
        return self


class JwtConfig(Section):
    """JSON Web Tokens. Needs the extra `jwt`."""

    jwks: tuple[JwksConfig, ...] = Field(min_length=1, description="The sets of keys; any of them may have signed.")
    sources: tuple[TokenSourceConfig, ...] = Field(
        default=(TokenSourceConfig(header="authorization"),),
        min_length=1,
        description="Where tokens are looked for; the first one found counts.",
    )
    ignore_other_prefixes: bool = Field(
        default=False, description="Whether a header with another prefix, such as `Basic`, is none, instead of wrong."
    )
    on_error: Literal["reject", "continue"] = Field(
        default="reject", description="Whether a request with a wrong token is refused, or taken for an anonymous one."
    )
    leeway_s: float = Field(default=5.0, ge=0, le=300, description="By how much clocks may differ.")
    require_expiry: bool = Field(default=True, description="Whether a token must have an end (`exp`).")
    max_token_bytes: int = Field(default=16_384, gt=0, description="Longer ones are refused unread.")
    max_cached_tokens: int = Field(
        default=10_000, ge=0, description="Verified tokens whose claims are kept until they end; 0 keeps none."
    )


class AuthenticationConfig(Section):
    """Who callers are. Without any of this, hooks may say it; else all are anonymous."""

    jwt: JwtConfig | None = None

    def relative_to(self, folder: Path) -> "AuthenticationConfig":
        """The same, with files that are relative to a folder."""
        if self.jwt is None:
            return self
        jwks = tuple(
            each if each.file is None else each.model_copy(update={"file": folder / each.file})
            for each in self.jwt.jwks
        )
        return AuthenticationConfig(jwt=self.jwt.model_copy(update={"jwks": jwks}))
