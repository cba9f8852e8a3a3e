"""Connections to subgraphs: HTTP, and the TLS of `https` URLs."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from router.server.config.sections import Seconds, Section

__all__ = ["SubgraphHttpConfig", "SubgraphTlsConfig"]


class SubgraphHttpConfig(Section):
    """Connections for requests. Subscriptions have one each, beside them."""

    version: Literal["1.1", "2"] = Field(
        default="1.1",
        description="`2` needs the extra `http2`; over TLS it is negotiated, else it must be spoken there.",
    )
    proxy: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="An HTTP proxy for requests and subscriptions; HTTP/1.1 only.",
    )
    unix_socket: str | None = Field(
        default=None, min_length=1, description="Path of a socket to use instead of the URL's host and port."
    )
    max_connections: int = Field(default=100, gt=0, description="At the same time; further requests wait in turn.")
    keep_alive_s: Seconds = Field(
        default=15.0, description="How long an idle connection is kept, if the subgraph does not say less."
    )
    connect_timeout_s: Seconds = Field(default=10.0, description="For finding the address, TCP and TLS together.")
    max_response_bytes: int = Field(default=32 * 1024 * 1024, gt=0, description="A larger answer is cut off and fails.")
    compression: bool = Field(default=False, description="Whether compressed answers are asked for: gzip or deflate.")
    resume_s: float = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="How long to try to resume an event stream that broke and whose events have ids; 0: not at all.",
    )

    @model_validator(mode="after")
    def one_way_there(self) -> Self:
        if self.proxy is not None and (self.version != "1.1" or self.unix_socket is not None):
            raise ValueError("a proxy is for HTTP/1.1, and not for a unix_socket")
        if self.unix_socket is not None and self.version != "1.1":
            raise ValueError("a unix_socket is for HTTP/1.1")
        return self


class SubgraphTlsConfig(Section):
    """TLS to subgraphs whose URL is `https`. Files are PEM; paths are relative to this file. They are read again when
    the settings or the supergraph are loaded anew."""

    ca_file: Path | None = Field(default=None, description="Authorities to trust; the system's by default.")
    certificate_file: Path | None = Field(default=None, description="The router's own certificate, to show.")
    key_file: Path | None = Field(default=None, description="Its key, unless `certificate_file` has it too.")
    verify: bool = Field(default=True, description="Whether the subgraph's certificate and name are checked.")

    @model_validator(mode="after")
    def a_key_has_a_certificate(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file is the key of certificate_file, which is missing")
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them that there are."""
        return tuple(file for file in (self.ca_file, self.certificate_file, self.key_file) if file is not None)

    def relative_to(self, folder: Path) -> Self:
        """The same with paths that lead there from anywhere."""
        files = {"ca_file": self.ca_file, "certificate_file": self.certificate_file, "key_file": self.key_file}
        return self.model_copy(update={name: folder / file for name, file in files.items() if file is not None})
