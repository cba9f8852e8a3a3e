"""A multipart request: its operation, and its files, which are still to come."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from copy import copy
from typing import Any

import orjson
from starlette.types import Receive

from router.executor.exact_json import load
from router.server.config import RouterConfig
from router.server.responses import Rejected
from router.server.uploads.parts import PART_END, BodyGone, BodyLate, BodyMalformed, PartStart, PartStream
from router.server.variables import FILE

__all__ = ["Steps", "Uploads", "read_uploads"]

MAX_MAP_BYTES = 65_536
MAX_PLACES_PER_FILE = 10

Steps = tuple[str | int, ...]
"""From the variables to where a file belongs: a variable's name, names of input fields, indices of list items."""


class Uploads:
    """The files of one request, in the order in which the client sends them. They can be passed on once.

    Attributes:
        places: where each file belongs, by its name in the body.
        failure: why the files could not all be passed on.
        content_type: of what `chunks` makes.
    """

    def __init__(self, parts: PartStream, places: Mapping[str, tuple[Steps, ...]], config: RouterConfig) -> None:
        self.places = places
        self.failure: Rejected | None = None
        self._parts = parts
        self._config = config.uploads
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._border = f"--{boundary}\r\n".encode()
        self._end = f"--{boundary}--\r\n".encode()

    @property
    def variables(self) -> frozenset[str]:
        """Names of the variables that have files."""
        return frozenset(str(steps[0]) for places in self.places.values() for steps in places)

    @property
    def is_finished(self) -> bool:
        """Whether the client's body has been read to its end."""
        return self._parts.is_over

    def filled(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The variables with `FILE` where files belong."""
        filled: dict[str, Any] = dict(variables)
        for places in self.places.values():
            for steps in places:
                container: Any = filled
                for step in steps[:-1]:
                    container[step] = copy(container[step])
                    container = container[step]
                container[steps[-1]] = FILE
        return filled

    async def chunks(self, body: bytes) -> AsyncIterator[bytes]:
        """A multipart request for the subgraph, as the client's comes in; nothing is read before it is asked for.

        Args:
            body: the JSON request, with null where files belong.

        Raises:
            Rejected: what the client sends is not as it should be; also in `failure`.
        """
        try:
            yield self._field("operations", body) + self._field("map", orjson.dumps(self._map()))
            sizes: dict[str, int] = {}
            total = 0
            current = ""
            while (event := await self._parts.next()) is not None:
                if isinstance(event, PartStart):
                    current = event.name
                    if current not in self.places or current in sizes:
                        what = "is there twice" if current in sizes else "is not in `map`"
                        raise incomplete(f"The part {shown(current)} {what}.")
                    sizes[current] = 0
                    yield self._border + file_head(event)
                elif event is PART_END:
                    yield b"\r\n"
                elif isinstance(event, bytes):
                    sizes[current] += len(event)
                    total += len(event)
                    if sizes[current] > self._config.max_file_bytes:
                        raise too_much(f"The file {shown(current)} has more than {self._config.max_file_bytes} bytes.")
                    if total > self._config.max_total_bytes:
                        raise too_much(f"The files have more than {self._config.max_total_bytes} bytes together.")
                    yield event
            missing = [name for name in self.places if name not in sizes]
            if missing:
                raise incomplete(f"The file {shown(missing[0])} is in `map`, but did not come.")
            yield self._end
        except Rejected as error:
            self.failure = error
            raise
        except (BodyMalformed, BodyGone, BodyLate) as error:
            self.failure = refusal_of(error)
            raise self.failure from error

    def _map(self) -> dict[str, list[str]]:
        return {
            name: [".".join(map(str, ("variables", *steps))) for steps in places]
            for name, places in self.places.items()
        }

    def _field(self, name: str, content: bytes) -> bytes:
        head = f'content-disposition: form-data; name="{name}"\r\ncontent-type: application/json\r\n\r\n'
        return self._border + head.encode() + content + b"\r\n"


async def read_uploads(
    content_type: str, receive: Receive, config: RouterConfig
) -> tuple[bytes, dict[str, Any], Uploads | None]:
    """Read a multipart request up to its first file: the JSON text of its operation, what it says, and the files.

    Raises:
        Rejected: it is malformed, or over a limit.
    """
    try:
        parts = PartStream(content_type, receive, config.limits.body_timeout_s)
        async with asyncio.timeout(config.limits.body_timeout_s):
            text = await field(parts, "operations", config.limits.max_body_bytes)
            places_text = await field(parts, "map", MAX_MAP_BYTES)
    except TimeoutError as error:
        raise refusal_of(BodyLate()) from error
    except (BodyMalformed, BodyGone, BodyLate) as error:
        raise refusal_of(error) from error
    payload, mapped = parsed("operations", text), parsed("map", places_text)
    if not isinstance(payload, dict):
        raise malformed("`operations` must be one object; files cannot be sent in batches.")
    variables = payload.get("variables")
    if not isinstance(mapped, dict) or (mapped and not isinstance(variables, dict)):
        raise malformed("`map` must be an object, and its files belong to `variables`.")
    if len(mapped) > config.uploads.max_files:
        raise too_much(f"A request may have {config.uploads.max_files} files.")
    places = {name: places_of(name, paths, variables) for name, paths in mapped.items()}
    every = [steps for several in places.values() for steps in several]
    if len(every) != len(set(every)):
        raise malformed("`map` has two files for one place.")
    return text, payload, Uploads(parts, places, config) if places else None


async def field(parts: PartStream, name: str, limit: int) -> bytes:
    """The content of a field, which must come next."""
    start = await parts.next()
    if not isinstance(start, PartStart) or start.name != name:
        raise malformed(
            f"The parts must be `operations`, then `map`, then the files; `{name}` is not where it must be."
        )
    content = bytearray()
    while isinstance(event := await parts.next(), bytes):
        content += event
        if len(content) > limit:
            raise too_much(f"`{name}` is larger than {limit} bytes.")
    return bytes(content)


def parsed(name: str, text: bytes) -> Any:
    try:
        return load(text)
    except orjson.JSONDecodeError as error:
        raise Rejected.one("BAD_REQUEST", f"`{name}` is not JSON: {error}.", status=400, headers=CLOSE) from error


def places_of(name: str, paths: Any, variables: Any) -> tuple[Steps, ...]:
    """Where a file belongs.

    Raises:
        Rejected: a path leads nowhere, or to a value that is not null.
    """
    if not isinstance(paths, list) or not 0 < len(paths) <= MAX_PLACES_PER_FILE:
        raise malformed(f"`map` must have 1 to {MAX_PLACES_PER_FILE} places for the file {shown(name)}.")
    found: list[Steps] = []
    for path in paths:
        root, *rest = path.split(".") if isinstance(path, str) else ("",)
        value: Any = variables
        steps: list[str | int] = []
        for step in rest:
            inside: str | int = step
            if isinstance(value, list):
                inside = int(step) if step.isdecimal() and len(step) < 10 else -1
                is_there = 0 <= inside < len(value)
            else:
                is_there = isinstance(value, dict) and step in value
            if not is_there:
                steps = []
                break
            value = value[inside]
            steps.append(inside)
        if root != "variables" or not steps or value is not None:
            raise malformed(f"The place {shown(str(path))} of file {shown(name)} must be a null in `variables`.")
        found.append(tuple(steps))
    return tuple(found)


def file_head(start: PartStart) -> bytes:
    """The head of a file's part. What could end a header's value or line is written as browsers write it."""

    def safe(text: str) -> str:
        return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")

    lines = [f'content-disposition: form-data; name="{safe(start.name)}"; filename="{safe(start.filename or "file")}"']
    if start.content_type.isprintable() and start.content_type:
        lines.append(f"content-type: {start.content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# ---- refusals -------------------------------------------------------------------------------------------------------

# The rest of the body is not read: the connection cannot be used again.
CLOSE = {"connection": "close"}


def shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def malformed(message: str) -> Rejected:
    return Rejected.one("BAD_REQUEST", message, status=422, json_status=400, headers=CLOSE)


def incomplete(message: str) -> Rejected:
    return Rejected.one("UPLOAD_INCOMPLETE", message, status=400, headers=CLOSE)


def too_much(message: str) -> Rejected:
    return Rejected.one("UPLOAD_TOO_LARGE", message, status=413, headers=CLOSE)


def refusal_of(error: BodyMalformed | BodyGone | BodyLate) -> Rejected:
    if isinstance(error, BodyLate):
        return Rejected.one("REQUEST_TIMEOUT", "The body took too long.", status=408, headers=CLOSE)
    if isinstance(error, BodyGone):
        return incomplete("The client hung up.")
    return Rejected.one("BAD_REQUEST", str(error), status=400, headers=CLOSE)
