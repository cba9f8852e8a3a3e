"""The router's own HTTP/1.1 client for requests to subgraphs, by callbacks, on asyncio's protocols and httptools."""

from router.executor.http_client.pool import PoolLimits
from router.executor.http_client.tls import client_tls
from router.executor.http_client.transport import HttpEndpoint, HttpTransport

__all__ = ["HttpEndpoint", "HttpTransport", "PoolLimits", "client_tls"]
