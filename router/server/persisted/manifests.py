"""Manifests: JSON files that list the documents of a client, as its build wrote them.

Two forms are read: Apollo's persisted query manifest, `{"format": "apollo-persisted-query-manifest", "version": 1,
"operations": [{"id", "body", "name", "type", "clientName"}]}`, and an object of ids and documents, as Relay and other
compilers write it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from router.server.config import InvalidConfig

__all__ = ["Listed", "Manifest", "load_manifests"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One document of a manifest.

    Attributes:
        operation_name: None if the manifest does not tell.
        client: the only client that may use it; None: all may.
    """

    id: str
    text: str
    operation_name: str | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All manifests together.

    Attributes:
        listed: in the files' order.
        texts: by client and id, the document; client None for those of all clients. A document's SHA-256 in
            hexadecimal digits is an id, too.
    """

    listed: tuple[Listed, ...]
    texts: Mapping[tuple[str | None, str], str]

    def text_of(self, id_: str, client: str | None) -> str | None:
        """The document of this id, if the client may use it."""
        own = self.texts.get((client, id_)) if client is not None else None
        return self.texts.get((None, id_)) if own is None else own

    @property
    def has_clients(self) -> bool:
        """Whether some documents are for one client only."""
        return any(each.client is not None for each in self.listed)


def load_manifests(files: Iterable[Path]) -> Manifest:
    """Read manifests.

    Raises:
        InvalidConfig: a file is missing or no manifest, or two documents have the same id.
    """
    listed = [each for file in files for each in _read(file)]
    texts: dict[tuple[str | None, str], str] = {}
    for each in listed:
        known = texts.setdefault((each.client, each.id), each.text)
        if known != each.text:
            whose = "" if each.client is None else f" of client {each.client!r}"
            raise InvalidConfig(f"trusted_documents.manifests: two documents{whose} have the id {each.id!r}")
    for each in listed:
        texts.setdefault((each.client, sha256(each.text.encode()).hexdigest()), each.text)
    return Manifest(tuple(listed), texts)


def _read(file: Path) -> list[Listed]:
    where = f"trusted_documents.manifests: {file}"
    try:
        content = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InvalidConfig(f"{where}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise InvalidConfig(f"{where}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidConfig(f"{where}: a manifest is a JSON object")
    try:
        if "format" not in content:
            return [Listed(id_.removeprefix("sha256:"), text) for id_, text in _BY_ID.validate_python(content).items()]
        operations = _ApolloManifest.model_validate(content).operations
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()[:5]]
        raise InvalidConfig(f"{where}: " + "; ".join(lines)) from error
    return [Listed(each.id, each.body, each.name or None, each.clientName or None) for each in operations]


_Text = Annotated[str, Field(min_length=1, strict=True)]
_BY_ID = TypeAdapter(dict[_Text, _Text])


class _Operation(BaseModel):
    id: _Text
    body: _Text
    name: str | None = None
    clientName: str | None = None  # noqa: N815  as the file has it


class _ApolloManifest(BaseModel):
    format: Literal["apollo-persisted-query-manifest"]
    version: Literal[1]
    operations: list[_Operation]
