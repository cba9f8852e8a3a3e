"""HTTP/2 to subgraphs, with httpx2: for those that speak nothing else, or where many requests must share a connection.

It costs much more of the router's time per request than its own HTTP/1.1 client; see `docs/how-to/reach-subgraphs.md`.
"""

import ssl
from typing import TYPE_CHECKING

from router.errors import SubgraphError
from router.executor.http_client import PoolLimits, client_tls
from router.executor.transport import ConnectedTransport, CoroutineTransport, too_large
from router.hooks import SubgraphCall, SubgraphReply

if TYPE_CHECKING:
    import httpx2

__all__ = ["Http2Transport", "is_http2_installed"]

_OWN_NAMES = frozenset({"connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})


def is_http2_installed() -> bool:
    """Whether the extra `http2` is there."""
    try:
        import h2  # noqa: F401, PLC0415
        import httpx2  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


class Http2Transport(CoroutineTransport, ConnectedTransport):
    """HTTP/2: negotiated by ALPN for `https` (HTTP/1.1 if the subgraph wants that), with prior knowledge for `http`.

    A query whose connection ended while it was under way is sent once more; mutations never.

    Args:
        limits: as for the router's own client; a connection carries many requests.
        tls: for `https` URLs; None for the system's authorities.
    """

    def __init__(self, limits: PoolLimits = PoolLimits(), tls: ssl.SSLContext | None = None) -> None:  # noqa: B008
        self._limits = limits
        self._tls = tls
        self._client: httpx2.AsyncClient | None = None
        self._plain: httpx2.AsyncClient | None = None

    async def start(self) -> None:
        """Be ready to send; see `Transport.start`."""
        self.open()

    def open(self) -> None:
        """The same at once, in the event loop; again is no harm."""
        if self._client is None:
            self._client = self._new_client(has_http1=True)
            self._plain = self._new_client(has_http1=False)

    async def close(self) -> None:
        """Close all connections; requests in flight fail."""
        for client in (self._client, self._plain):
            if client is not None:
                await client.aclose()
        self._client = self._plain = None

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        """Make the request; see `CoroutineTransport.exchange`."""
        import httpx2  # noqa: PLC0415

        subgraph = call.subgraph
        client = self._client if call.url[:6].lower() == "https:" else self._plain
        if client is None:
            raise RuntimeError("The transport is not started.")
        headers = [(name, value) for name, value in call.headers.items() if name.lower() not in _OWN_NAMES]
        attempts = 2 if call.operation_type == "query" else 1
        try:
            while True:
                attempts -= 1
                try:
                    return await self._post(client, call, headers)
                except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
                    # Servers end connections, after so many requests say, and httpx2 fails what is under way on them.
                    if not attempts:
                        raise
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph) from error

    async def _post(
        self, client: "httpx2.AsyncClient", call: SubgraphCall, headers: list[tuple[str, str]]
    ) -> SubgraphReply:
        async with client.stream("POST", call.url, content=call.body, headers=headers) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > self._limits.answer_bytes:
                    raise too_large(call.subgraph, response.status_code)
                parts.append(part)
            return SubgraphReply(response.status_code, dict(response.headers), b"".join(parts))

    def _new_client(self, *, has_http1: bool) -> "httpx2.AsyncClient":
        import httpx2  # noqa: PLC0415

        limits = self._limits
        client = httpx2.AsyncClient(
            http1=has_http1,
            http2=True,
            verify=self._tls or client_tls(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=limits.connect_timeout_s),
            limits=httpx2.Limits(
                max_connections=limits.connections,
                max_keepalive_connections=limits.connections,
                keepalive_expiry=limits.idle_s,
            ),
        )
        for name in list(client.headers):  # nothing goes along that the call does not say
            del client.headers[name]
        return client
