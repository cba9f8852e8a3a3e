"""The little of HTTP that the Brain needs beside the router: small JSON calls to its own parts."""

from collections.abc import Mapping

import aiohttp

__all__ = ["HttpClient"]

_MAX_BODY_BYTES = 1_000_000


class HttpClient:
    """A pool of connections; `start` in the event loop that uses it, `close` at the end."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool."""
        # No proxy and no cookies: these calls never leave the platform. No limit: whoever is called lets tenants take
        # turns, and a queue before it would not.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )

    async def close(self) -> None:
        """Close the pool; calls that still run fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer; redirects are not followed.

        Raises:
            OSError: no connection, no answer in time, or one that is not HTTP or larger than 1 MB.
        """
        assert self._session is not None, "not started"
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                content = bytearray()
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > _MAX_BODY_BYTES:
                        raise OSError("the answer is too large")
                return response.status, bytes(content)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise OSError(str(error) or type(error).__name__) from error
