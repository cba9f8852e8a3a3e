"""Reading the HTTP form of a request: POST with JSON, GET with URL parameters, arrays of both if batching is on.

Source: GraphQL over HTTP, September 2026. Nothing here looks into the document.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from router.executor.exact_json import has_long_numbers, load, load_exactly
from router.server.compression import IN_THE_LOOP_BYTES, CorruptBody, TooMuch, decompressed, known_codings
from router.server.config import RouterConfig
from router.server.responses import JSON, Rejected
from router.server.uploads import Uploads, read_uploads

__all__ = [
    "VARIABLES",
    "ClientGone",
    "GraphQLRequest",
    "checked",
    "late_body",
    "late_head",
    "read_get",
    "read_post",
    "refuse_forgeable",
]

VARIABLES = ("variables",)
MULTIPART = "multipart/form-data"
PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")
# Content types that a web page can send anywhere without asking first.
SIMPLE_CONTENT_TYPES = frozenset({"", "text/plain", "application/x-www-form-urlencoded", MULTIPART})


class ClientGone(Exception):
    """The client hung up before its request was complete."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation as the client sent it.

    Attributes:
        query: the document; may be empty if `document_id` is there.
        operation_name: never empty.
        document_id: what the document is known by, as `documentId` or as `extensions.persistedQuery` says.
        source: the JSON text that the request stands in, and where in it; for `exact_variables`.
        uploads: the files that come with it.
    """

    query: str
    operation_name: str | None
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any]
    document_id: str | None = None
    source: tuple[bytes, tuple[str | int, ...]] | None = None
    uploads: Uploads | None = None

    def with_document(self, text: str) -> "GraphQLRequest":
        """The same request with the document that it names."""
        return GraphQLRequest(
            text, self.operation_name, self.variables, self.extensions, None, self.source, self.uploads
        )

    def exact_variables(self) -> Mapping[str, Any]:
        """The variables with all digits of their numbers, see `load_exactly`.

        Raises:
            Rejected: what stands beside them is nested too deeply to be read a second time.
        """
        if self.source is None or not has_long_numbers(self.source[0]):
            return self.variables
        text, path = self.source
        try:
            found = load_exactly(text)
        except RecursionError as error:
            raise malformed("The request is nested too deeply.") from error
        for step in path:
            found = found[step]
        return found if isinstance(found, dict) else {}


def refuse_forgeable(headers: Mapping[str, str], config: RouterConfig) -> None:
    """Refuse a GET that a foreign page could have made a browser send: no preflight, and the user's cookies on it.

    A POST needs that only if it has files: all others must be of a content type that forces a preflight.

    Raises:
        Rejected: status 400, code `CSRF_PREVENTED`.
    """
    if not config.csrf.enabled:
        return
    if media_type(headers.get("content-type", ""))[0] not in SIMPLE_CONTENT_TYPES:
        return
    # Browsers set this one themselves and pages cannot: the request comes from our own origin or from the address bar.
    if headers.get("sec-fetch-site") in ("same-origin", "none"):
        return
    if any(name in headers for name in config.csrf.required_headers):
        return
    raise Rejected.one(
        "CSRF_PREVENTED",
        "This request could have been forged by a web page. Send `content-type: application/json`, or one of these "
        f"headers with any value: {', '.join(config.csrf.required_headers)}.",
        status=400,
    )


def read_get(query_string: bytes) -> GraphQLRequest:
    """Read the URL's parameters.

    Raises:
        Rejected: a parameter is missing, doubled, of the wrong type or not UTF-8.
    """
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as error:
        raise Rejected.one("BAD_REQUEST", "The URL's parameters are not URL-encoded UTF-8.", status=400) from error
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise malformed(f"Parameter `{name}` is given twice.")
        if name in PARAMETERS:
            values[name] = value
    source: tuple[bytes, tuple[str | int, ...]] | None = None
    for name in ("variables", "extensions"):
        if values.get(name):
            text = values[name].encode()
            try:
                values[name] = load(text)
            except orjson.JSONDecodeError as error:
                raise Rejected.one("BAD_REQUEST", f"Parameter `{name}` is not JSON: {error}.", status=400) from error
            if name == "variables":
                source = (text, ())
        else:
            values.pop(name, None)
    return checked(values, source)


async def read_post(
    headers: Mapping[str, str], receive: Receive, config: RouterConfig, admit: Callable[[], None]
) -> GraphQLRequest | list[GraphQLRequest | Rejected]:
    """Read and check the body; a list if it was an array, with the refusals of those that are malformed.

    Args:
        admit: called when the body is there, before anything is done with it; of one with files, when all is there
            that comes before them.

    Raises:
        Rejected: not admitted, wrong content type, too large, not JSON, or not of the specified form.
        ClientGone: the client hung up.
    """
    if config.uploads.enabled and media_type(headers.get("content-type", ""))[0] == MULTIPART:
        request = await read_multipart(headers, receive, config)
        admit()
        return request
    check_content_type(headers)
    coding = content_coding(headers, config)
    body = await read_body(headers, receive, config)
    admit()
    if coding is not None:
        body = await plain_body(body, coding, config.limits.max_body_bytes)
    try:
        payload = load(body)
    except orjson.JSONDecodeError as error:
        message = f"The body is not JSON: {error}." if body else "The body is empty; send a JSON object with `query`."
        raise Rejected.one("BAD_REQUEST", message, status=400) from error
    if not isinstance(payload, list):
        return checked(payload, (body, VARIABLES))
    if not config.batching.enabled:
        raise Rejected.one(
            "BATCHING_NOT_ENABLED", "Batching is switched off: send one JSON object, not an array.", status=400
        )
    if not payload or len(payload) > config.batching.max_operations:
        raise Rejected.one(
            "BATCH_SIZE_LIMIT",
            f"A batch must have 1 to {config.batching.max_operations} operations, not {len(payload)}.",
            status=422,
            json_status=400,
        )
    return [checked_or_refused(item, (body, (index, *VARIABLES))) for index, item in enumerate(payload)]


async def read_multipart(headers: Mapping[str, str], receive: Receive, config: RouterConfig) -> GraphQLRequest:
    """Read and check a request with files, up to the first of them.

    Raises:
        Rejected: another page could have sent it; it is compressed, malformed, or over a limit.
    """
    refuse_forgeable(headers, config)
    if content_coding(headers, config) is not None:
        raise Rejected.one("UNSUPPORTED_MEDIA_TYPE", "Requests with files cannot be compressed.", status=415)
    text, payload, uploads = await read_uploads(headers["content-type"], receive, config)
    return replace(checked(payload, (text, VARIABLES)), uploads=uploads)


def checked_or_refused(item: Any, source: tuple[bytes, tuple[str | int, ...]]) -> "GraphQLRequest | Rejected":
    """One operation of a batch. One that is malformed is refused alone.

    Raises:
        Rejected: it is no object, so that the whole is no batch.
    """
    try:
        return checked(item, source)
    except Rejected as error:
        if not isinstance(item, dict):
            raise
        return error


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Type without parameters, and the parameters, names in lower case."""
    name, *parameters = content_type.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs}


def check_content_type(headers: Mapping[str, str]) -> None:
    content_type = headers.get("content-type", "")
    if content_type != JSON:
        name, parameters = media_type(content_type)
        if name != JSON or parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
            raise Rejected.one(
                "UNSUPPORTED_MEDIA_TYPE",
                f"Content-Type must be {JSON}, in UTF-8, not {content_type!r}."
                if content_type
                else f"Content-Type is missing; it must be {JSON}.",
                status=415,
                headers={"accept-post": JSON},
            )


def content_coding(headers: Mapping[str, str], config: RouterConfig) -> str | None:
    """How the body is compressed; None if it is not.

    Raises:
        Rejected: in a way that this server does not know or does not take.
    """
    given = headers.get("content-encoding")
    if given is None:
        return None
    coding = given.strip().lower().removeprefix("x-")
    if coding in ("", "identity"):
        return None
    known = known_codings() if config.compression.requests else ()
    if coding in known:
        return coding
    offer = f"send it as it is, or as one of {', '.join(known)}" if known else "send it as it is"
    message = f"The body's Content-Encoding {given[:40]!r} is not supported: {offer}."
    headers_ = {"accept-encoding": ", ".join(known) or "identity"}
    raise Rejected.one("UNSUPPORTED_MEDIA_TYPE", message, status=415, headers=headers_)


async def plain_body(body: bytes, coding: str, limit: int) -> bytes:
    """What a compressed body holds.

    Raises:
        Rejected: it is corrupt, or holds more than a body may.
    """
    try:
        if len(body) <= IN_THE_LOOP_BYTES // 16:
            return decompressed(body, coding, limit)
        return await asyncio.to_thread(decompressed, body, coding, limit)
    except CorruptBody as error:
        message = f"The body is not what its Content-Encoding {coding!r} says."
        raise Rejected.one("BAD_REQUEST", message, status=400) from error
    except TooMuch as error:
        raise too_large(limit) from error


async def read_body(headers: Mapping[str, str], receive: Receive, config: RouterConfig) -> bytes:
    limit = config.limits.max_body_bytes
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(config.limits.body_timeout_s):
            while more and size <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise late_body() from error
    if size > limit:
        raise too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def checked(payload: Any, source: tuple[bytes, tuple[str | int, ...]] | None = None) -> GraphQLRequest:
    """Check the parameters; unknown ones are ignored, as the specification says.

    Args:
        source: see `GraphQLRequest`.
    """
    if not isinstance(payload, dict):
        raise malformed("The request must be a JSON object with `query`.")
    query = payload.get("query")
    extensions = payload.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise malformed("`extensions` must be an object.")
    document_id = payload.get("documentId")
    if document_id is not None or (extensions and "persistedQuery" in extensions):
        document_id = checked_id(document_id, extensions or {})
        query = "" if query is None else query
    if not isinstance(query, str):
        raise malformed("`query` is missing." if query is None else "`query` must be a string.")
    operation_name = payload.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise malformed("`operationName` must be a string.")
    variables = payload.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise malformed("`variables` must be an object.")
    return GraphQLRequest(query, operation_name or None, variables or {}, extensions or {}, document_id, source)


def checked_id(document_id: Any, extensions: Mapping[str, Any]) -> str:
    """What a document is known by.

    Raises:
        Rejected: `documentId` is no text, or `extensions.persistedQuery` is not of Apollo's form.
    """
    if document_id is None:
        persisted = extensions["persistedQuery"]
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise malformed("`extensions.persistedQuery` must be an object with `version` 1.")
        document_id = persisted.get("sha256Hash")
    if not isinstance(document_id, str) or not document_id:
        raise malformed("The id of a document must be a text that is not empty.")
    return document_id


def malformed(message: str) -> Rejected:
    return Rejected.one("BAD_REQUEST", message, status=422, json_status=400)


def late_body() -> Rejected:
    """The refusal of a request whose body did not come in time."""
    return Rejected.one("REQUEST_TIMEOUT", "The body took too long.", status=408, headers={"connection": "close"})


def late_head(timeout_s: float) -> Rejected:
    """The refusal of a request whose URL and headers did not come in time."""
    message = f"The request's head did not come within {timeout_s:g} seconds."
    return Rejected.one("REQUEST_TIMEOUT", message, status=408, headers={"connection": "close"})


def too_large(limit: int) -> Rejected:
    # The rest of the body is not read: the connection cannot be used again.
    headers = {"connection": "close"}
    return Rejected.one("REQUEST_TOO_LARGE", f"The body is larger than {limit} bytes.", status=413, headers=headers)
