"""The router's command line: `python -m router compose | plan | serve | config-schema`.

Exit status: 0 done, 1 the input is wrong (reasons on standard error), 2 the command line is wrong.
"""

import argparse
import errno
import gc
import json
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from graphql import parse

import router
from router.composition.config import load_subgraphs
from router.errors import CompositionError, CompositionHint, OperationError, RouterError
from router.planner import query_graph, render, stages
from router.server.config import RouterConfig, config_schema, load_config

__all__ = ["main"]

STAGES = ("normalize", "cover", "fetches", "plan")


class Failed(Exception):
    """The command cannot go on; the message is for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (Failed, RouterError) as error:
        code = "" if isinstance(error, Failed) else f"{error.code}: "
        sys.stderr.write(f"{code}{error}\n")
        return 1
    except BrokenPipeError:  # the reader of our output had enough
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m router", description="A GraphQL federation router.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    compose = commands.add_parser("compose", help="compose subgraphs into a supergraph")
    compose.add_argument(
        "--config", required=True, metavar="FILE", help="the subgraphs, in the form of supergraph.yaml"
    )
    compose.add_argument("--out", metavar="FILE", help="write the supergraph there instead of to standard output")
    compose.add_argument("--json", action="store_true", help="print result, errors and hints as one JSON object")
    compose.set_defaults(run=run_compose)

    plan = commands.add_parser("plan", help="show how an operation would be fetched")
    plan.add_argument("--supergraph", required=True, metavar="FILE")
    plan.add_argument("--operation", required=True, metavar="FILE", help="a document; - reads standard input")
    plan.add_argument("--operation-name", metavar="NAME", help="which one, if the document has several")
    plan.add_argument("--labels", default="", metavar="A,B", help="override labels that are on")
    plan.add_argument("--stage", choices=STAGES, default="plan", help="show this stage of planning (default: plan)")
    plan.add_argument("--format", choices=("text", "json", "mermaid"), default="text", help="form of the plan")
    plan.add_argument("--shape", action="store_true", help="print only the plan's measures, as JSON")
    plan.set_defaults(run=run_plan)

    serve = commands.add_parser("serve", help="serve a supergraph over HTTP")
    serve.add_argument("--supergraph", required=True, metavar="FILE")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    serve.add_argument("--port", type=port_number, default=4000, help="0 takes a free one (default: %(default)s)")
    serve.add_argument("--config", metavar="FILE", help="the router's settings, as YAML")
    serve.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    serve.set_defaults(run=run_serve)

    schema = commands.add_parser("config-schema", help="print the JSON schema of serve's settings")
    schema.add_argument("--out", metavar="FILE", help="write it there instead of to standard output")
    schema.set_defaults(run=run_config_schema)
    return root


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


# ---- compose --------------------------------------------------------------------------------------------------------


def run_compose(options: argparse.Namespace) -> int:
    result = router.compose(load_subgraphs(options.config))
    supergraph = result.supergraph_sdl if isinstance(result, router.Composed) else None
    errors = () if isinstance(result, router.Composed) else result.errors
    if supergraph is not None and options.out:
        write_text(Path(options.out), supergraph)
    if options.json:
        entry: dict[str, Any] = {"errors": [error_entry(error) for error in errors]}
        entry["hints"] = [hint_entry(hint) for hint in result.hints]
        if supergraph is not None and not options.out:
            entry["supergraph"] = supergraph
        sys.stdout.write(as_json(entry))
    else:
        warnings = (hint for hint in result.hints if hint.level == "WARN")
        sys.stderr.write("".join(f"hint {hint.code}: {hint.message}\n" for hint in warnings))
        sys.stderr.write("".join(error_lines(error) for error in errors))
        if supergraph is not None and not options.out:
            sys.stdout.write(supergraph)
    return 1 if errors else 0


def error_lines(error: CompositionError) -> str:
    """`CODE: message` and one indented line per location."""
    return f"{error}\n" + "".join(f"  at {location}\n" for location in error.locations)


def error_entry(error: CompositionError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "coordinate": error.coordinate,
        "subgraphs": list(error.subgraphs),
        "locations": [
            {"subgraph": place.subgraph, "file": place.file, "line": place.line, "column": place.column}
            for place in error.locations
        ],
    }


def hint_entry(hint: CompositionHint) -> dict[str, Any]:
    return {
        "code": hint.code,
        "level": hint.level,
        "message": hint.message,
        "coordinate": hint.coordinate,
        "subgraphs": list(hint.subgraphs),
    }


# ---- plan -----------------------------------------------------------------------------------------------------------


def run_plan(options: argparse.Namespace) -> int:
    text = sys.stdin.read() if options.operation == "-" else read_text(Path(options.operation))
    supergraph = router.load_supergraph(read_text(Path(options.supergraph)))
    labels = frozenset(label for label in options.labels.split(",") if label)
    try:
        query_plan = router.plan(text, supergraph, operation_name=options.operation_name, labels=labels)
    except OperationError as error:
        places = "".join(f"  at {place['line']}:{place['column']}\n" for place in error.locations)
        sys.stderr.write(f"{error.code}: {error}\n{places}")
        return 1
    if options.shape:
        sys.stdout.write(as_json(render.shape(query_plan)))
    elif options.stage != "plan":
        document = parse(text)  # `plan` above has found it valid
        results = dict(zip(STAGES, stages(document, options.operation_name, supergraph, labels), strict=True))
        sys.stdout.write(ended(render.stage_text(results[options.stage], query_graph(supergraph, labels))))
    elif options.format == "json":
        sys.stdout.write(as_json(render.as_json(query_plan)))
    elif options.format == "mermaid":
        sys.stdout.write(ended(render.as_mermaid(query_plan)))
    else:
        sys.stdout.write(ended(render.as_text(query_plan)))
    return 0


# ---- serve ----------------------------------------------------------------------------------------------------------


def run_serve(options: argparse.Namespace) -> int:
    config = load_config(options.config) if options.config else RouterConfig()
    app = router.create_app(Path(options.supergraph), config=config)
    listener = listening_socket(options.host, options.port)
    router.configure_logging(options.log_level)
    settings = uvicorn.Config(
        app,
        loop="auto" if os.name == "nt" else "uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than load balancers keep theirs, or they would meet a closing connection
        timeout_graceful_shutdown=10,
    )
    # What is loaded now stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    host, port = listener.getsockname()[:2]
    logging.getLogger("router.server").info("serving", extra={"fields": {"host": host, "port": port}})
    server = uvicorn.Server(settings)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; binding first makes a taken port an error in plain words, before anything is started."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise Failed(f"{host!r} is not an address of this machine: {error.strerror}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failed(f"port {port} on {host} is in use by another program; choose another with --port") from error
        raise Failed(f"cannot listen at {host}:{port}: {error.strerror}") from error


# ---- config-schema --------------------------------------------------------------------------------------------------


def run_config_schema(options: argparse.Namespace) -> int:
    text = as_json(config_schema())
    if options.out:
        write_text(Path(options.out), text)
    else:
        sys.stdout.write(text)
    return 0


def read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Failed(f"{file}: not UTF-8") from error


def write_text(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}") from error


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


if __name__ == "__main__":
    sys.exit(main())
