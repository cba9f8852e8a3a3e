"""`python -m router serve` and `config-schema`: a supergraph over HTTP, and the settings of that."""

import argparse
import errno
import gc
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

import router
from router.commands.files import Failed, as_json, write_text
from router.server.config import RouterConfig, TlsConfig, config_schema, load_config
from router.server.file_watch import FileWatch
from router.server.http1 import fast_protocol
from router.server.http2.limits import http2_limits
from router.server.http_versions import negotiating
from router.server.reload import Reloader
from router.server.supergraph_source import FileSource, source_of
from router.server.tls import ServerTls

__all__ = ["add_config_schema", "add_serve"]


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


def run_serve(options: argparse.Namespace) -> int:
    config_file = Path(options.config) if options.config else None
    watch = FileWatch()  # before anything is read, or a change in between would be missed
    watch.look_at([] if config_file is None else [config_file])
    config = load_config(config_file) if config_file else RouterConfig()
    tls = server_tls(options, config)
    source = source_of(options.supergraph, config.supergraph)
    watch.look_also_at([*([source.file] if isinstance(source, FileSource) else []), *config.files])
    app = router.create_app(router.load_supergraph(source.read()), config=config)
    served = Reloader(app, source, config_file, watch if options.watch else None, tls)
    listener = listening_socket(options.host, options.port)
    router.configure_logging(options.log_level)
    http1 = fast_protocol(app)
    settings = uvicorn.Config(
        served,
        loop="auto" if os.name == "nt" else "uvloop",
        http=negotiating(http1, http2_limits(config)) if config.http2.enabled else http1,
        ws="wsproto",
        ws_max_size=config.limits.max_body_bytes,
        ws_per_message_deflate=config.websocket.compression,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than load balancers keep theirs, or they would meet a closing connection
        timeout_graceful_shutdown=10,
    )
    settings.load()
    if tls is not None:
        settings.ssl = tls.context
    # What is loaded now stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    host, port = listener.getsockname()[:2]
    logging.getLogger("router.server").info("serving", extra={"fields": {"host": host, "port": port}})
    server = uvicorn.Server(settings)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def server_tls(options: argparse.Namespace, config: RouterConfig) -> ServerTls | None:
    """The certificate of the command line or of the settings, if there is one."""
    section = config.tls
    if options.tls_cert is not None:
        section = TlsConfig(certificate_file=options.tls_cert, key_file=options.tls_key)
    elif options.tls_key is not None:
        raise Failed("--tls-key is the key of --tls-cert, which is missing", code="INVALID_ROUTER_CONFIG")
    if section is None:
        return None
    return ServerTls(section, ("h2", "http/1.1") if config.http2.enabled else ("http/1.1",))


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
    text = as_json(config_schema())
    if options.out:
        write_text(Path(options.out), text)
    else:
        sys.stdout.write(text)
    return 0
