"""What TLS connections to subgraphs trust, and what they show."""

import ssl

__all__ = ["client_tls"]


def client_tls(
    *,
    authorities: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
    verify: bool = True,
    protocols: tuple[str, ...] = ("http/1.1",),
) -> ssl.SSLContext:
    """Make the context of TLS connections.

    Args:
        authorities: PEM file of those that may have signed a subgraph's certificate; the system's by default.
        certificate: PEM file of the client's certificate, if it shows one.
        key: PEM file of its key, unless `certificate` has it too.
        verify: whether the subgraph's certificate and name are checked.
        protocols: offered by ALPN, the preferred one first.

    Raises:
        OSError: a file cannot be read or is not what it must be.
    """
    context = ssl.create_default_context(cafile=authorities)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context
