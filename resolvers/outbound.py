"""Requests to addresses that a tenant names: to public ones only, whatever a name resolves to.

The address is judged where the connection to it is made: a name that changes its mind in between gains nothing.
"""

import ipaddress
import socket

import aiohttp

__all__ = ["NotPublic", "outbound_client"]


class NotPublic(OSError):
    """The address is not on the public internet."""


def outbound_client(timeout_s: float, *, loopback: bool = False) -> aiohttp.ClientSession:
    """A client without cookies, proxies or a memory. Made inside a running loop, and closed by who made it.

    Args:
        timeout_s: for a whole request.
        loopback: whether this machine may be asked, for development and tests.
    """

    def socket_for(address: tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]) -> socket.socket:
        family, kind, protocol, _, (host, *_port) = address
        if not _is_allowed(host, loopback=loopback):
            raise NotPublic("the address is not public")
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=socket_for, use_dns_cache=False, limit=100),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def _is_allowed(address: str, *, loopback: bool) -> bool:
    parsed: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return (parsed.is_global and not parsed.is_multicast) or (loopback and parsed.is_loopback)
