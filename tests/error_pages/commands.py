"""An example of each code of the command line, and its mended twin, run in a folder of its own."""

import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from router.commands import main
from router.composition import Composed, Subgraph, compose
from tests.server.older_supergraphs import V03

__all__ = ["EXAMPLES", "Call", "Example", "is_served", "output_of"]

ROOT = Path(__file__).parents[2]

SDL = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])

type Query {
  price: Int @tag(name: "partner")
  margin: Int
}
"""
LIST = """subgraphs:
  shop:
    routing_url: http://localhost:4001/graphql
    schema: {file: ./shop.graphql}
"""
SHOP = {"supergraph.yaml": LIST, "shop.graphql": SDL}
COMPOSE = ("compose", "--config", "supergraph.yaml", "--out", "supergraph.graphql")
VIEWS = (*COMPOSE, "--contracts", "contracts")


def _supergraph() -> str:
    composed = compose([Subgraph("shop", SDL, "http://localhost:4001/graphql")])
    assert isinstance(composed, Composed)
    return composed.supergraph_sdl


@dataclass(frozen=True)
class Call:
    """One command line and the files that it finds.

    Attributes:
        shown: which of the files the page shows.
        note: what else is there, in words for the page.
    """

    arguments: tuple[str, ...]
    files: Mapping[str, str]
    shown: tuple[str, ...] = ()
    note: str = ""

    @property
    def line(self) -> str:
        return f"python -m router {' '.join(self.arguments)}"


@dataclass(frozen=True)
class Example:
    failing: Call
    mended: Call


def contract(failing: str, mended: str = 'include = ["partner"]\n') -> Example:
    def call(text: str) -> Call:
        return Call(VIEWS, {**SHOP, "contracts/outside.toml": text}, ("shop.graphql", "contracts/outside.toml"))

    return Example(call(failing), call(mended))


def emptied() -> Example:
    def call(sdl: str) -> Call:
        files = {**SHOP, "shop.graphql": sdl, "contracts/outside.toml": 'exclude = ["partner"]\n'}
        return Call(VIEWS, files, ("shop.graphql", "contracts/outside.toml"))

    return Example(call(SDL.replace("  margin: Int\n", "")), call(SDL))


def listed(failing: str, note: str = "") -> Example:
    return Example(
        Call(COMPOSE, {**SHOP, "supergraph.yaml": failing}, ("supergraph.yaml",), note),
        Call(COMPOSE, SHOP, ("supergraph.yaml",)),
    )


def loaded(failing: str, changed: str = "") -> Example:
    files = {"query.graphql": "{ price }\n"}
    arguments = ("plan", "--supergraph", "supergraph.graphql", "--operation", "query.graphql")
    return Example(
        Call(arguments, {**files, "supergraph.graphql": failing}, () if changed else ("supergraph.graphql",), changed),
        Call(
            arguments,
            {**files, "supergraph.graphql": _supergraph()},
            (),
            "`supergraph.graphql` is what `compose` wrote.",
        ),
    )


CHECK = ("check", "--against", "old.graphql", "--supergraph", "new.graphql", "--operations", "operations")
SCHEMAS = {"old.graphql": "type Query { price: Int }\n", "new.graphql": "type Query { price: Int! }\n"}
LINT = ("lint", "--config", "supergraph.yaml")
SERVE = ("serve", "--supergraph", "supergraph.graphql", "--config", "router.yaml", "--port", "0")

EXAMPLES: dict[str, Example] = {
    "ADDRESS_NOT_AVAILABLE": Example(
        Call(
            ("serve", "--supergraph", "supergraph.graphql", "--host", "192.0.2.1"),
            {"supergraph.graphql": _supergraph()},
        ),
        Call(
            ("serve", "--supergraph", "supergraph.graphql", "--host", "127.0.0.1", "--port", "0"),
            {"supergraph.graphql": _supergraph()},
        ),
    ),
    "CONFIG_INVALID": listed(LIST.replace("file:", "path:")),
    "CONFIG_NOT_FOUND": Example(
        Call(("compose", "--config", "supergraf.yaml"), SHOP), Call(("compose", "--config", "supergraph.yaml"), SHOP)
    ),
    "CONTRACT_EMPTY": emptied(),
    "CONTRACT_INVALID": contract('includes = ["partner"]\n'),
    "CONTRACT_INVALID_TOML": contract('include = ["partner"\n'),
    "CONTRACT_NOT_FOUND": Example(
        Call(
            SERVE,
            {"supergraph.graphql": _supergraph(), "router.yaml": "views: {outside: outside.toml}\n"},
            ("router.yaml",),
        ),
        Call(
            SERVE,
            {
                "supergraph.graphql": _supergraph(),
                "router.yaml": "views: {outside: outside.toml}\n",
                "outside.toml": 'include = ["partner"]\n',
            },
            ("router.yaml", "outside.toml"),
        ),
    ),
    "CONTRACT_UNKNOWN_TAG": contract('include = ["partners"]\n'),
    "FILE_NOT_READABLE": Example(
        Call(
            ("plan", "--supergraph", "supergraf.graphql", "--operation", "query.graphql"),
            {"supergraph.graphql": _supergraph(), "query.graphql": "{ price }\n"},
        ),
        Call(
            ("plan", "--supergraph", "supergraph.graphql", "--operation", "query.graphql"),
            {"supergraph.graphql": _supergraph(), "query.graphql": "{ price }\n"},
        ),
    ),
    "FILE_NOT_WRITABLE": Example(
        Call(
            ("compose", "--config", "supergraph.yaml", "--out", "out/supergraph.graphql"),
            SHOP,
            note="There is no folder `out`.",
        ),
        Call(("compose", "--config", "supergraph.yaml", "--out", "supergraph.graphql"), SHOP),
    ),
    "INVALID_FEDERATION_SUPERGRAPH": loaded("type Query { price: Int }\n"),
    "INVALID_ROUTER_CONFIG": Example(
        Call(SERVE, {"supergraph.graphql": _supergraph(), "router.yaml": "limits: {max_dept: 10}\n"}, ("router.yaml",)),
        Call(
            SERVE, {"supergraph.graphql": _supergraph(), "router.yaml": "limits: {max_depth: 10}\n"}, ("router.yaml",)
        ),
    ),
    "LINT_CONFIG_INVALID": Example(
        Call(LINT, {**SHOP, "supergraph.yaml": LIST + "lint: {rules: {TYPE_NAMES: error}}\n"}, ("supergraph.yaml",)),
        Call(
            LINT,
            {
                **SHOP,
                "supergraph.yaml": LIST
                + "lint: {rules: {FIELD_DESCRIPTION: off, ROOT_FIELD_DESCRIPTION: off, TYPE_DESCRIPTION: off}}\n",
            },
            ("supergraph.yaml",),
        ),
    ),
    "OPERATIONS_INVALID": Example(
        Call(CHECK, {**SCHEMAS, "operations/prices.graphql": "query Prices { price\n"}, ("operations/prices.graphql",)),
        Call(
            CHECK, {**SCHEMAS, "operations/prices.graphql": "query Prices { price }\n"}, ("operations/prices.graphql",)
        ),
    ),
    "PORT_IN_USE": Example(
        Call(
            ("serve", "--supergraph", "supergraph.graphql", "--port", "PORT"),
            {"supergraph.graphql": _supergraph()},
            note="Another program listens at that port.",
        ),
        Call(("serve", "--supergraph", "supergraph.graphql", "--port", "0"), {"supergraph.graphql": _supergraph()}),
    ),
    "SCHEMA_NOT_FOUND": listed(LIST.replace("shop.graphql", "shops.graphql")),
    "SUBGRAPH_UNREACHABLE": listed(
        LIST.replace("file: ./shop.graphql", "subgraph_url: http://127.0.0.1:9/graphql"), "Nothing listens there."
    ),
    "SUPERGRAPH_UNAVAILABLE": Example(
        Call(("serve", "--supergraph", "http://127.0.0.1:9/supergraph.graphql"), {}, note="Nothing listens there."),
        Call(("serve", "--supergraph", "supergraph.graphql", "--port", "0"), {"supergraph.graphql": _supergraph()}),
    ),
    "UNSUPPORTED_LINKED_FEATURE": loaded(
        V03.replace("https://specs.apollo.dev/inaccessible/v0.2", "https://specs.example.org/encrypted/v1.0"),
        'In `supergraph.graphql` stands `@link(url: "https://specs.example.org/encrypted/v1.0", for: SECURITY)`.',
    ),
}


def output_of(call: Call) -> tuple[int, str]:
    """Runs the command; returns its status and what it wrote as errors."""
    with _files(call) as folder, _taken_port() as port:
        arguments = [port if argument == "PORT" else argument for argument in call.arguments]
        errors = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            status = main(arguments)
        return status, errors.getvalue().replace(port, "4000").replace(f"{folder}/", "")


def is_served(call: Call) -> bool:
    """Whether `serve` gets to where it serves; it is ended then."""
    with _files(call) as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "router", *call.arguments]
        with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            found = any('"serving"' in line for line in server.stderr)
            server.terminate()
            server.stderr.read()
        return found


@contextlib.contextmanager
def _files(call: Call) -> Iterator[str]:
    """A folder with the call's files, which is the current one meanwhile."""
    with tempfile.TemporaryDirectory() as folder, _in_folder(Path(folder)):
        for name, text in call.files.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        yield folder


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield str(taken.getsockname()[1])
