"""The certificate that clients see."""

import ssl

from router.server.config import InvalidConfig, TlsConfig

__all__ = ["ServerTls"]


class ServerTls:
    """The context of a server's TLS; its files can be read again while it serves.

    Args:
        protocols: offered by ALPN, the preferred one first.

    Raises:
        InvalidConfig: a file cannot be read, or certificate and key do not belong together.
    """

    def __init__(self, config: TlsConfig, protocols: tuple[str, ...]) -> None:
        self.config = config
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.set_alpn_protocols(list(protocols))
        self.renew()

    def renew(self) -> None:
        """Read the files; connections that are there keep what they have.

        Raises:
            InvalidConfig: as above; the old ones stay in use.
        """
        config = self.config
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                config.certificate_file, config.key_file
            )
            if config.client_ca_file is not None:
                self.context.load_verify_locations(config.client_ca_file)
                self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_cert_chain(config.certificate_file, config.key_file)
        except OSError as error:  # ssl.SSLError is one
            raise InvalidConfig(f"tls: {error.strerror or error}") from error
