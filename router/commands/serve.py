"""`python -m router serve` and `config-schema`: a supergraph over HTTP, and the settings of that."""

import argparse
import asyncio
import errno
import logging
import os
import socket
import sys
from pathlib import Path

from router.commands.files import Failed, as_json, write_text
from router.commands.workers import Place, Supervisor, command_of

__all__ = ["add_config_schema", "add_serve"]

MAX_WORKERS = 256


def add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="serve a supergraph over HTTP")
    serve.add_argument("--supergraph", required=True, metavar="FILE|URL", help="a URL is asked for changes")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    serve.add_argument("--port", type=port_number, default=4000, help="0 takes a free one (default: %(default)s)")
    serve.add_argument("--config", metavar="FILE", help="the router's settings, as YAML")
    serve.add_argument("--tls-cert", metavar="FILE", help="serve over TLS with this certificate (PEM); wins over `tls`")
    serve.add_argument("--tls-key", metavar="FILE", help="its key, unless the certificate's file has it too")
    serve.add_argument(
        "--watch", action="store_true", help="reload whenever the supergraph, settings or contracts change"
    )
    serve.add_argument(
        "--workers", type=worker_count, default=1, metavar="N", help="processes that serve (default: %(default)s)"
    )
    serve.add_argument("--worker", help=argparse.SUPPRESS)  # set by the supervisor of workers
    serve.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    serve.set_defaults(run=run_serve)


def add_config_schema(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    schema = commands.add_parser("config-schema", help="print the JSON schema of serve's settings")
    schema.add_argument("--out", metavar="FILE", help="write it there instead of to standard output")
    schema.set_defaults(run=run_config_schema)


def port_number(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def worker_count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: from 1 to {MAX_WORKERS}")
    if os.name == "nt" and int(text) > 1:
        raise argparse.ArgumentTypeError("several workers need an operating system with POSIX signals")
    return int(text)


def run_serve(options: argparse.Namespace) -> int:
    # What serves is imported by who serves: the supervisor of workers stays small.
    if options.worker is not None:
        from router.commands.serving import serve_here  # noqa: PLC0415

        place = Place.read(options.worker)
        return serve_here(options, lambda: socket.socket(fileno=place.socket), place)
    if options.workers > 1:
        return run_workers(options)
    from router.commands.serving import serve_here  # noqa: PLC0415

    return serve_here(options, lambda: listening_socket(options.host, options.port), None)


def run_workers(options: argparse.Namespace) -> int:
    from router.server.telemetry import configure_logging  # noqa: PLC0415

    listener = listening_socket(options.host, options.port)
    configure_logging(options.log_level)
    host, port = listener.getsockname()[:2]
    fields = {"host": host, "port": port, "workers": options.workers}
    logging.getLogger("router.server").info("serving", extra={"fields": fields})
    arguments = ["--supergraph", options.supergraph, "--log-level", options.log_level]
    arguments += ["--config", options.config] if options.config else []
    arguments += ["--tls-cert", options.tls_cert] if options.tls_cert is not None else []
    arguments += ["--tls-key", options.tls_key] if options.tls_key is not None else []
    arguments += ["--watch"] if options.watch else []

    async def supervise() -> int:
        return await Supervisor(command_of(arguments), options.workers, listener).run()

    return asyncio.run(supervise())


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; binding first makes a taken port an error in plain words, before anything is started."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        message = f"{host!r} is not an address of this machine: {error.strerror}"
        raise Failed(message, code="ADDRESS_NOT_AVAILABLE") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} on {host} is in use by another program; choose another with --port"
            raise Failed(message, code="PORT_IN_USE") from error
        message = f"cannot listen at {host}:{port}: {os.strerror(error.errno or 0)}"
        raise Failed(message, code="ADDRESS_NOT_AVAILABLE") from error


def run_config_schema(options: argparse.Namespace) -> int:
    from router.server.config import config_schema  # noqa: PLC0415

    text = as_json(config_schema())
    if options.out:
        write_text(Path(options.out), text)
    else:
        sys.stdout.write(text)
    return 0
