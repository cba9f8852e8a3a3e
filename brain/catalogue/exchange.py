"""One request and its answer: sent within a time, read within a size, each failure named for what it means."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx

__all__ = ["Answer", "AnswerTooLarge", "ConnectionLost", "NoAnswer", "NotSent", "exchange"]

_HEADERS = {"User-Agent": "bizosaas-brain/0.1", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


class NotSent(Exception):
    """No connection, so the provider has seen nothing of the request."""


class NoAnswer(Exception):
    """No answer in time; the provider may have done what was asked."""


class ConnectionLost(Exception):
    """The connection ended, or spoke something other than HTTP, before an answer was whole."""


class AnswerTooLarge(Exception):
    """The answer is larger than allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: httpx.Headers
    content: bytes


async def exchange(
    transport: httpx.AsyncBaseTransport,
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    content: bytes,
    *,
    timeout_s: float,
    max_bytes: int,
) -> Answer:
    """Send one request and read its answer. Redirects are answers as any other.

    Raises:
        NotSent, NoAnswer, ConnectionLost, AnswerTooLarge: as they say.
    """
    timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)).as_dict()
    request = httpx.Request(
        method,
        url,
        headers={**_HEADERS, **headers},
        content=content,
        extensions={"timeout": timeout},
    )
    try:
        async with asyncio.timeout(timeout_s):
            response = await transport.handle_async_request(request)
            try:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > max_bytes:
                        raise AnswerTooLarge
            finally:
                await response.aclose()
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
        raise NotSent(str(error)) from None
    except (TimeoutError, httpcore.TimeoutException):
        raise NoAnswer from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError):
        raise ConnectionLost from None
    return Answer(response.status_code, response.headers, bytes(body))
