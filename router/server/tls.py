"""The certificate that clients see."""

import ssl
from typing import Any

from router.server.config import InvalidConfig, TlsConfig

__all__ = ["ServerTls"]


class ServerTls:
    """The TLS of a server; it can become another one while it serves.

    Args:
        protocols: offered by ALPN, the preferred one first.

    Attributes:
        config: what is in use.
        context: for the server, which keeps it.

    Raises:
        InvalidConfig: a file cannot be read, or certificate and key do not belong together.
    """

    def __init__(self, config: TlsConfig, protocols: tuple[str, ...]) -> None:
        self._protocols = list(protocols)
        self.config = config
        self.context = RenewableContext(ssl.PROTOCOL_TLS_SERVER)
        self.use(config, self.read(config))

    def read(self, config: TlsConfig) -> ssl.SSLContext:
        """Read the files of these settings.

        Raises:
            InvalidConfig: as above.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.set_alpn_protocols(self._protocols)
            context.load_cert_chain(config.certificate_file, config.key_file)
            if config.client_ca_file is not None:
                context.load_verify_locations(config.client_ca_file)
                context.verify_mode = ssl.CERT_REQUIRED
        except OSError as error:  # ssl.SSLError is one
            raise InvalidConfig(f"tls: {error.strerror or error}") from error
        return context

    def use(self, config: TlsConfig, context: ssl.SSLContext) -> None:
        """Use what was read from now on; connections that are there keep what they have."""
        self.config = config
        self.context.current = context


class RenewableContext(ssl.SSLContext):
    """A context that stands for another one, by which each connection begins.

    To load other files into a context that is in use would leave what it had: authorities, and sessions that clients
    may go on with, for which nobody asks for a certificate again.
    """

    current: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """Begin a connection, as asyncio and uvloop do it."""
        return self.current.wrap_bio(*arguments, **named)
