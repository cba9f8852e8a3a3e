"""TCP ports of this machine: free ones, taken ones, and who has them."""

import secrets
import socket
from typing import Final

import psutil

# Below the ports that Linux, macOS and Windows give to clients: a port from among those may be a connection's before
# the server that it was looked up for listens.
_FOR_SERVERS: Final = range(20_000, 32_768)


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on at this moment, and that no client is given."""
    while True:
        port = secrets.choice(_FOR_SERVERS)
        if is_free(host, port):
            return port


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Servers set this too: it ignores connections of an earlier server that are still winding down.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str | None:
    """Name the process that listens on the port, as ``name (pid N)``; None where the system does not tell."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return None
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.Error:
                return f"pid {connection.pid}"
    return None
