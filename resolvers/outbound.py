"""Requests to addresses that a tenant names: to public ones only, whatever a name resolves to.

The address is looked up and judged where the connection is made: a name that changes its mind in between gains nothing.
"""

import ipaddress
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

__all__ = ["NotPublic", "outbound_client"]


class NotPublic(OSError):
    """The name stands for an address that is not on the public internet."""


class _PublicResolver(AbstractResolver):
    """Looks names up; loopback, private, link-local addresses and those of metadata services are no answer."""

    def __init__(self, *, loopback: bool) -> None:
        self._inner = ThreadedResolver()
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        # One that is not public among several is no accident.
        if not all(_is_allowed(entry["host"], loopback=self._loopback) for entry in found):
            raise NotPublic(f"{host} stands for an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class _Connector(aiohttp.TCPConnector):
    """Judges addresses that are written as numbers too, for which no resolver is asked."""

    def __init__(self, *, loopback: bool) -> None:
        super().__init__(resolver=_PublicResolver(loopback=loopback), use_dns_cache=False, limit=100)
        self._may_loopback = loopback

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        found = await super()._resolve_host(host, port, traces)
        if not all(_is_allowed(entry["host"], loopback=self._may_loopback) for entry in found):
            raise NotPublic(f"{host} is not public")
        return found


def outbound_client(timeout_s: float, *, loopback: bool = False) -> aiohttp.ClientSession:
    """A client without cookies, proxies or a memory. Made inside a running loop, and closed by who made it.

    Args:
        timeout_s: for a whole request.
        loopback: whether this machine may be asked, for development and tests.
    """
    return aiohttp.ClientSession(
        connector=_Connector(loopback=loopback),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def _is_allowed(address: str, *, loopback: bool) -> bool:
    parsed: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return (parsed.is_global and not parsed.is_multicast) or (loopback and parsed.is_loopback)
