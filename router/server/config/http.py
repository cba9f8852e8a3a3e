"""How clients' HTTP requests are taken."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from router.server.config.sections import HeaderName, Section

__all__ = ["BatchingConfig", "CorsConfig", "CsrfConfig"]


class CorsConfig(Section):
    """Which origins may read responses in a browser. Without this section no CORS header is sent."""

    allow_origins: tuple[str, ...] = Field(default=(), description="Origins, or `*` for any.")
    allow_origin_regex: str | None = Field(default=None, description="Origins whose whole text matches it.")
    allow_methods: tuple[Literal["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"], ...] = ("GET", "POST")
    allow_headers: tuple[str, ...] = Field(default=("*",), description="Request headers, or `*` for any.")
    allow_credentials: bool = False
    expose_headers: tuple[str, ...] = ("x-request-id",)
    max_age_s: int = Field(default=600, ge=0, description="How long browsers may keep a preflight's answer.")

    @field_validator("allow_origin_regex")
    @classmethod
    def is_regular_expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def credentials_need_named_origins(self) -> Self:
        if self.allow_credentials and "*" in self.allow_origins:
            raise ValueError(
                "with allow_credentials, allow_origins must name the origins: `*` lets any site act for users"
            )
        return self


class CsrfConfig(Section):
    """Refuse what a foreign web page could send without a CORS preflight."""

    enabled: bool = True
    required_headers: tuple[HeaderName, ...] = Field(
        default=("graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"),
        description="A request with any of these cannot have been sent without a preflight.",
    )


class BatchingConfig(Section):
    """Several operations in one JSON array."""

    enabled: bool = False
    max_operations: int = Field(default=10, gt=0)
