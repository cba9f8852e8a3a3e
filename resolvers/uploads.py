"""Files in mutations: the GraphQL multipart request, as the Brain's router passes it on.

    schema = build_schema(query=Query, mutation=Mutation, scalars=UPLOAD_SCALAR)
    app = subgraph_app("directory", schema, settings, uploads=UploadLimits(max_files=5))

    @mutation(AddPhotoPayload, scope="directory:write")
    async def add_photo(self, info: Info, file: Upload) -> AddPhotoPayload:
        content = await file.read()

The context header has been verified before the first byte of a body is read. Files beyond a megabyte are kept in
temporary files that have no name, and are gone when the answer leaves.

Source: the GraphQL multipart request specification (graphql-multipart-request-spec, version 2).
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NewType

import strawberry
from cross_web import HTTPException
from graphql import GraphQLError, ValueNode
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from strawberry.file_uploads.utils import replace_placeholders_with_files

__all__ = ["UPLOAD_SCALAR", "Multipart", "Upload", "UploadLimits", "UploadTooLarge", "is_multipart", "read_multipart"]

_MAX_FIELD_BYTES = 1_000_000
# What parts have around their contents: borders, heads, `operations`, `map`.
_AROUND_BYTES = 2 * _MAX_FIELD_BYTES
_MAX_PLACES = 10
_HASHED_AT_ONCE = 1 << 20
# Who is answered in the middle of sending may find the connection gone, and never see the answer: so much is let pass.
_LET_PASS_BYTES = 40_000_000


class UploadTooLarge(Exception):
    """More, or larger, files than this subgraph takes; the message says how much it does."""

    code: Final = "UPLOAD_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What a subgraph takes; the Brain's own limits (`uploads`) are those of all subgraphs.

    Attributes:
        max_files: of one request.
        max_file_bytes: of one file.
        max_total_bytes: of all files of a request.
    """

    max_files: int = 5
    max_file_bytes: int = 10_000_000
    max_total_bytes: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Multipart:
    """A request with files.

    Attributes:
        operation: the JSON object of the request, with an `UploadFile` wherever one belongs.
        said: the JSON object as it came, with `map` and, for its files, with their SHA-256.
    """

    operation: dict[str, Any]
    said: bytes


def _no_text(value: Any) -> UploadFile:
    if not isinstance(value, UploadFile):
        raise GraphQLError("Upload is a file: send a GraphQL multipart request that has it.")
    return value


def _no_literal(node: ValueNode, _: dict[str, Any] | None = None) -> UploadFile:
    raise GraphQLError("Upload is a file, so it must be a variable: send a GraphQL multipart request.", nodes=node)


def _not_shown(_: Any) -> Any:
    raise GraphQLError("Upload is no type of answers.")


Upload = NewType("Upload", UploadFile)
"""A file as an argument: `filename` and `content_type` are what the client says, `size` (bytes) is counted."""

UPLOAD_SCALAR: Final = {
    Upload: strawberry.scalar(
        name="Upload",
        description="A file, sent with a GraphQL multipart request.",
        serialize=_not_shown,
        parse_value=_no_text,
        parse_literal=_no_literal,
    )
}
"""For `build_schema`."""


def is_multipart(request: Request) -> bool:
    """Whether the body is a form that can have files."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == "multipart/form-data"


async def read_multipart(request: Request, limits: UploadLimits) -> tuple[Multipart, FormData]:
    """The request, and the form that has its files: whoever calls this closes it.

    Raises:
        UploadTooLarge: it is over a limit.
        HTTPException: it is malformed.
    """
    form = await _form(request, limits)
    try:
        operation, places = _json_object(form, "operations"), _json_object(form, "map")
        files = {name: _file(form, name) for name in places}
        for paths in places.values():
            _check_places(operation.get("variables"), paths)
        said = {**operation, "map": places, "files": {n: await _digest(f) for n, f in files.items()}}
        placed = replace_placeholders_with_files(operation, places, files)
        return Multipart(placed, json.dumps(said, sort_keys=True).encode()), form
    except BaseException:
        await form.close()
        raise


async def _form(request: Request, limits: UploadLimits) -> FormData:
    most = limits.max_total_bytes + _AROUND_BYTES

    async def counted() -> AsyncGenerator[bytes, None]:
        received = 0
        async with aclosing(request.stream()) as stream:
            async for chunk in stream:
                received += len(chunk)
                if received <= most:
                    yield chunk
                elif received > _LET_PASS_BYTES:
                    break
        if received > most:
            raise _too_much(limits)

    parser = MultiPartParser(
        # One more than it takes: so that the answer says what the limit is, and not what the parser says of it.
        request.headers, counted(), max_files=limits.max_files + 1, max_fields=2, max_part_size=_MAX_FIELD_BYTES
    )  # fmt: skip
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise _too_many(limits) from error
        raise _malformed("The multipart body cannot be read.") from error
    sizes = [value.size or 0 for _, value in form.multi_items() if isinstance(value, UploadFile)]
    refused = None
    if len(sizes) > limits.max_files:
        refused = _too_many(limits)
    elif max(sizes, default=0) > limits.max_file_bytes:
        refused = UploadTooLarge(f"A file may have {limits.max_file_bytes} bytes here.")
    elif sum(sizes) > limits.max_total_bytes:
        refused = _too_much(limits)
    if refused is not None:
        await form.close()
        raise refused
    return form


def _too_many(limits: UploadLimits) -> UploadTooLarge:
    return UploadTooLarge(f"A request may have {limits.max_files} files here.")


def _too_much(limits: UploadLimits) -> UploadTooLarge:
    return UploadTooLarge(f"The files may have {limits.max_total_bytes} bytes together here.")


def _json_object(form: FormData, name: str) -> dict[str, Any]:
    text = form.get(name)
    try:
        parsed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise _malformed(f"`{name}` must be a JSON object.")
    return parsed


def _file(form: FormData, name: str) -> UploadFile:
    given = form.getlist(name)
    if len(given) != 1 or not isinstance(given[0], UploadFile):
        raise _malformed("Each name in `map` must be that of one file of the form.")
    return given[0]


def _check_places(variables: Any, paths: Any) -> None:
    if not isinstance(paths, list) or not 0 < len(paths) <= _MAX_PLACES:
        raise _malformed(f"`map` must have 1 to {_MAX_PLACES} places for each file.")
    for path in paths:
        _check_place(variables, path)


def _check_place(variables: Any, path: Any) -> None:
    """A file's place is a null in the variables, and nothing else of the request."""
    root, *steps = path.split(".") if isinstance(path, str) else ("",)
    value: Any = variables
    for step in steps:
        if (
            isinstance(value, list)
            and step.isascii()
            and step.isdecimal()
            and len(step) < 10
            and int(step) < len(value)
        ):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            root = ""
            break
    if root != "variables" or not steps or value is not None:
        raise _malformed("A place in `map` must be a null in `variables`.")


async def _digest(file: UploadFile) -> str:
    digest = sha256()
    while chunk := await file.read(_HASHED_AT_ONCE):
        digest.update(chunk)
    await file.seek(0)
    return digest.hexdigest()


def _malformed(message: str) -> HTTPException:
    return HTTPException(400, message)
