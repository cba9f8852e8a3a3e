"""Compressed bodies."""

from typing import Literal

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["Coding", "CompressionConfig"]

Coding = Literal["zstd", "br", "gzip"]


class CompressionConfig(Section):
    """Which bodies are sent compressed, to clients that accept it, and taken compressed. Brotli and Zstandard need the
    extra `compression`; without it gzip is left.
    """

    enabled: bool = Field(default=True, description="Whether responses are compressed; results in parts never are.")
    min_bytes: int = Field(default=2_048, ge=0, description="Smaller responses are sent as they are.")
    codings: tuple[Coding, ...] = Field(
        default=("zstd", "br", "gzip"), description="The first of those that a client likes best is used."
    )
    gzip_level: int = Field(default=1, ge=1, le=9)
    br_quality: int = Field(default=3, ge=0, le=11)
    zstd_level: int = Field(default=3, ge=1, le=19)
    requests: bool = Field(default=True, description="Whether clients may send compressed bodies.")
