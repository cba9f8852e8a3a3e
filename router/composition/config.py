"""Reading the list of subgraphs from a file in the format of Apollo's rover.

subgraphs:
  users:
    routing_url: http://localhost:4001/graphql
    schema: {file: ./users.graphql}
  reviews:
    routing_url: http://localhost:4002/graphql
    schema: {subgraph_url: http://localhost:4002/graphql}    # a running subgraph, asked for its SDL
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from router.composition.model import Subgraph
from router.errors import RouterError

__all__ = ["InvalidCompositionConfig", "load_subgraphs"]

_SDL_QUERY = json.dumps({"query": "query SubgraphSdl { _service { sdl } }"}).encode()
_TIMEOUT_S = 30


class InvalidCompositionConfig(RouterError):
    """The configuration, or a schema it names, cannot be read.

    `code` is CONFIG_NOT_FOUND, CONFIG_INVALID, SCHEMA_NOT_FOUND or SUBGRAPH_UNREACHABLE.
    """

    code = "CONFIG_INVALID"


def load_subgraphs(path: str | Path) -> list[Subgraph]:
    """The subgraphs that a configuration names, in its order, with their SDL read.

    Args:
        path: a YAML or JSON file; file paths in it are relative to its folder.

    Raises:
        InvalidCompositionConfig: see its codes; the message names the file or subgraph.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidCompositionConfig(f"Cannot read {source}: {problem}", code="CONFIG_NOT_FOUND") from problem
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as problem:
        raise InvalidCompositionConfig(f"{source} is not YAML: {problem}") from problem
    subgraphs = config.get("subgraphs") if isinstance(config, dict) else None
    if not isinstance(subgraphs, dict) or not subgraphs:
        raise InvalidCompositionConfig(f"{source} needs a map `subgraphs` with at least one subgraph.")
    return [_subgraph(source, str(name), entry) for name, entry in subgraphs.items()]


def _subgraph(source: Path, name: str, entry: Any) -> Subgraph:
    where = f"{source}: subgraph {name!r}"
    if not isinstance(entry, dict):
        raise InvalidCompositionConfig(f"{where} must be a map with `routing_url` and `schema`.")
    url = _text(entry, "routing_url", where) or ""
    schema = entry.get("schema")
    if not isinstance(schema, dict):
        raise InvalidCompositionConfig(f"{where} needs `schema` with one of `file`, `sdl`, `subgraph_url`.")
    given = [key for key in ("file", "sdl", "subgraph_url") if key in schema]
    unknown = sorted(map(str, schema.keys() - {"file", "sdl", "subgraph_url", "introspection_headers"}))
    if len(given) != 1 or unknown:
        extra = f" (not {', '.join(unknown)})" if unknown else ""
        raise InvalidCompositionConfig(f"{where}: `schema` needs exactly one of `file`, `sdl`, `subgraph_url`{extra}.")
    value = _text(schema, given[0], where)
    assert value is not None
    if given[0] == "sdl":
        return Subgraph(name, value, url)
    if given[0] == "file":
        file = source.parent / value
        try:
            return Subgraph(name, file.read_text(encoding="utf-8"), url, str(file))
        except (OSError, UnicodeDecodeError) as problem:
            message = f"{where}: cannot read the schema {file}: {problem}"
            raise InvalidCompositionConfig(message, code="SCHEMA_NOT_FOUND") from problem
    headers = schema.get("introspection_headers") or {}
    if not isinstance(headers, dict):
        raise InvalidCompositionConfig(f"{where}: `introspection_headers` must be a map.")
    return Subgraph(name, _fetch_sdl(value, {str(k): str(v) for k, v in headers.items()}, where), url or value, value)


def _text(entry: dict[str, Any], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidCompositionConfig(f"{where}: `{key}` must be a string, not {value!r}.")
    if key in entry and not value:
        raise InvalidCompositionConfig(f"{where}: `{key}` is empty.")
    return value


def _fetch_sdl(url: str, headers: dict[str, str], where: str) -> str:
    """Asks a running subgraph for its SDL."""
    # No other scheme gets past here, so the audit of urlopen below is answered.
    if not url.startswith(("http://", "https://")):
        raise InvalidCompositionConfig(f"{where}: `subgraph_url` must be an http or https URL, not {url!r}.")
    request = urllib.request.Request(  # noqa: S310
        url, _SDL_QUERY, {"content-type": "application/json", "accept": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            answer = json.load(response)
        sdl = answer["data"]["_service"]["sdl"]
    except urllib.error.HTTPError as problem:
        with problem:
            body = problem.read(500).decode(errors="replace")
        message = f"{where}: {url} answered {problem.code}: {body}"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    except (OSError, ValueError) as problem:
        message = f"{where}: {url} did not answer: {problem}"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    except (KeyError, TypeError) as problem:
        message = f"{where}: {url} did not answer `{{ _service {{ sdl }} }}`: is it a federation subgraph?"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    if not isinstance(sdl, str):
        message = f"{where}: {url} answered `sdl` with {type(sdl).__name__} instead of text."
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE")
    return sdl
