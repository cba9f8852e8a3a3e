"""Asks the website of a business for the token of a claim."""

from contextlib import suppress

import aiohttp

from resolvers.outbound import outbound_client

__all__ = ["Websites"]

_TIMEOUT_S = 5.0
_MAX_BYTES = 4096


class Websites:
    """Asks websites on the public internet, and follows them nowhere.

    Args:
        loopback: whether this machine may be asked, for development and tests.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback

    async def shows(self, url: str, token: str) -> bool:
        """Whether the file at `url` has a line that is `token`; no if there is none that can be read in time."""
        content = bytearray()
        with suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
            # Claims are rare, and no website is asked twice in a row: nothing is kept open.
            async with (
                outbound_client(_TIMEOUT_S, loopback=self._loopback) as client,
                client.get(url, allow_redirects=False, headers={"connection": "close"}) as response,
            ):
                if response.status != 200:
                    return False
                async for part in response.content.iter_any():
                    content += part
                    if len(content) > _MAX_BYTES:
                        return False
            return token.encode() in (line.strip() for line in bytes(content).splitlines())
        return False
