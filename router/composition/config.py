"""Reading the list of subgraphs from a file in the format of Apollo's rover.

subgraphs:
  users:
    routing_url: http://localhost:4001/graphql
    schema: {file: ./users.graphql}
  reviews:
    routing_url: http://localhost:4002/graphql
    schema: {subgraph_url: http://localhost:4002/graphql}    # a running subgraph, asked for its SDL
  shop:
    routing_url: http://localhost:4003/graphql/
    introspect: federation-1                                 # what its SDL must be; without `schema`: asked for it, too
"""

import json
import re
import urllib.error
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from router.composition.fetch import post
from router.composition.model import Subgraph
from router.errors import RouterError
from router.graph.urls import url_problem
from router.yaml_text import InvalidYaml, read_yaml

__all__ = ["InvalidCompositionConfig", "introspect", "load_subgraphs"]

_SDL_QUERY = json.dumps({"query": "query SubgraphSdl { _service { sdl } }"}).encode()
_TIMEOUT_S = 30
_MAX_BYTES = 32_000_000
_REDIRECTS = range(300, 400)
_GENERATIONS = ("federation-1", "federation-2")
_LINK = re.compile(r"""@link\s*\(\s*url:\s*"https://specs\.apollo\.dev/federation/""")


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
        found = read_yaml(text)
    except InvalidYaml as problem:
        raise InvalidCompositionConfig(f"{source}: {problem}") from problem
    config = found.content
    subgraphs = config.get("subgraphs") if isinstance(config, dict) else None
    if not isinstance(subgraphs, dict) or not subgraphs:
        raise InvalidCompositionConfig(f"{source} needs a map `subgraphs` with at least one subgraph.")
    for name, entry in subgraphs.items():
        url = entry.get("routing_url") if isinstance(entry, dict) else None
        problem_of_url = url_problem(url) if isinstance(url, str) and url else None
        if problem_of_url is not None:
            place = ("subgraphs", str(name), "routing_url")
            raise InvalidCompositionConfig(f"{source}: line {found.line(place)}: {'.'.join(place)}: {problem_of_url}")
    return [_subgraph(source, str(name), entry) for name, entry in subgraphs.items()]


def _subgraph(source: Path, name: str, entry: Any) -> Subgraph:
    where = f"{source}: subgraph {name!r}"
    if not isinstance(entry, dict):
        raise InvalidCompositionConfig(f"{where} must be a map with `routing_url` and `schema`.")
    url = _text(entry, "routing_url", where) or ""
    generation = _text(entry, "introspect", where)
    if generation not in {None, *_GENERATIONS}:
        raise InvalidCompositionConfig(f"{where}: `introspect` must be one of {', '.join(_GENERATIONS)}.")
    schema = entry.get("schema")
    if schema is None and generation is not None:
        return Subgraph(name, introspect(url, generation=generation, where=where), url, url)
    found = _read_schema(source, name, url, schema, where)
    if generation is not None:
        _check_generation(found.sdl, generation, where)
    return found


def _read_schema(source: Path, name: str, url: str, schema: Any, where: str) -> Subgraph:
    """The subgraph with the schema that `schema` leads to."""
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
    sdl = introspect(value, {str(k): str(v) for k, v in headers.items()}, where=where)
    return Subgraph(name, sdl, url or value, value)


def _text(entry: dict[str, Any], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidCompositionConfig(f"{where}: `{key}` must be a string, not {value!r}.")
    if key in entry and not value:
        raise InvalidCompositionConfig(f"{where}: `{key}` is empty.")
    return value


def introspect(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    generation: str | None = None,
    where: str = "introspection",
    timeout_s: float = _TIMEOUT_S,
) -> str:
    """The SDL of a running subgraph, asked for with `{ _service { sdl } }`. Blocks.

    Args:
        url: taken as it is, with or without a final slash.
        headers: sent along, such as a credential.
        generation: `federation-1` or `federation-2` if its SDL must be that.
        where: how messages begin.
        timeout_s: for the whole exchange.

    Raises:
        InvalidCompositionConfig: it cannot be reached, or does not answer with such an SDL.
    """
    if not url.startswith(("http://", "https://")):
        raise InvalidCompositionConfig(f"{where}: it can be asked at an http or https URL only, not at {url!r}.")
    sent = {"content-type": "application/json", "accept": "application/json", **(headers or {})}
    try:
        answer = json.loads(post(url, _SDL_QUERY, sent, timeout_s=timeout_s, most_bytes=_MAX_BYTES))
        sdl = answer["data"]["_service"]["sdl"]
    except urllib.error.HTTPError as problem:
        with problem:
            moved = problem.headers.get("location") if problem.code in _REDIRECTS else None
            body = problem.read(500).decode(errors="replace") if moved is None else f"name {moved!r} if that is right"
        message = f"{where}: {url} answered {problem.code}: {body}"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    except (OSError, ValueError, HTTPException, RecursionError) as problem:
        message = f"{where}: {url} did not answer: {problem}"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    except (KeyError, TypeError) as problem:
        message = f"{where}: {url} did not answer `{{ _service {{ sdl }} }}`: is it a federation subgraph?"
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE") from problem
    if not isinstance(sdl, str):
        message = f"{where}: {url} answered `sdl` with {type(sdl).__name__} instead of text."
        raise InvalidCompositionConfig(message, code="SUBGRAPH_UNREACHABLE")
    if generation is not None:
        _check_generation(sdl, generation, where)
    return sdl


def _check_generation(sdl: str, generation: str, where: str) -> None:
    found = "federation-2" if _LINK.search(sdl) else "federation-1"
    if found != generation:
        raise InvalidCompositionConfig(f"{where}: its SDL is of {found}, not of {generation} as `introspect` says.")
