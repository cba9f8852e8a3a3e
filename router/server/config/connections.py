"""Clients' connections: TLS and HTTP/2."""

from pathlib import Path
from typing import Self

from pydantic import Field

from router.server.config.sections import Section

__all__ = ["Http2Config", "TlsConfig"]


class TlsConfig(Section):
    """TLS for clients, from `serve`. Files are PEM; paths are relative to this file. Changed files are read with each
    reload, for connections made after it."""

    certificate_file: Path = Field(description="The certificate, with those between it and its authority.")
    key_file: Path | None = Field(default=None, description="Its key, unless `certificate_file` has it too.")
    client_ca_file: Path | None = Field(
        default=None, description="Clients must show a certificate that these authorities have signed."
    )

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them that there are."""
        return tuple(file for file in (self.certificate_file, self.key_file, self.client_ca_file) if file is not None)

    def relative_to(self, folder: Path) -> Self:
        """The same with paths that lead there from anywhere."""
        files = {name: getattr(self, name) for name in ("certificate_file", "key_file", "client_ca_file")}
        return self.model_copy(update={name: folder / file for name, file in files.items() if file is not None})


class Http2Config(Section):
    """HTTP/2 for clients, from `serve`: agreed on in TLS, and without TLS for those that begin with it (h2c)."""

    enabled: bool = True
    max_streams: int = Field(default=100, gt=0, le=10_000, description="Requests of one connection at the same time.")
