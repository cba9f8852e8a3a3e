"""The local default as a list of components: what `brain up` starts for given settings.

Whatever the settings name already (a PostgreSQL, a Redis, a Temporal, a Vault, running subgraphs) is used, not started.
"""

import http.client
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from brain.cms_settings import CMS
from brain.config import BrainSettings, project_root, variable
from brain.embedded.component import Component
from brain.embedded.content import content_component, content_settings
from brain.embedded.data_folder import DataFolder
from brain.embedded.keys import ensure_private_key, write_context_keys, write_jwks
from brain.embedded.openbao import OpenBaoServer
from brain.embedded.postgres import PostgresServer
from brain.embedded.process import EmbeddedError, Launch
from brain.embedded.redis import RedisServer
from brain.embedded.seeds import seed_version
from brain.embedded.temporal import TemporalServer
from brain.saleor import NAME as SALEOR
from brain.saleor import stand_in_settings


@dataclass(frozen=True, slots=True)
class Stack:
    """What to start, in the order of dependencies, and the complete settings that all of it shares."""

    settings: BrainSettings
    components: tuple[Component, ...]


def build_stack(settings: BrainSettings, folder: DataFolder) -> Stack:
    """Work out what has to be started, and fill in every setting that the user left to us."""
    known: dict[str, Any] = {}
    components: list[Component] = []
    own_subgraphs = settings.subgraphs_url is None
    own_database = own_subgraphs and settings.database_url is None

    if own_database:
        postgres = PostgresServer(folder.server_folder("postgres"), folder.port("postgres"), folder.secret("postgres"))
        known["database_url"] = postgres.url
        components.append(postgres_component(postgres))
    if settings.redis_url is None:
        redis = RedisServer(folder.path / "redis", folder.port("redis"), folder.secret("redis"))
        known["redis_url"] = redis.url
        components.append(redis_component(redis))
    if settings.temporal_address is None:
        ports = folder.port("temporal"), folder.port("temporal-ui")
        temporal = TemporalServer(folder.path / "temporal", *ports, settings.temporal_namespace)
        known["temporal_address"] = temporal.address
        if settings.temporal_ui_url is None:
            known["temporal_ui_url"] = temporal.ui_url
        components.append(temporal_component(temporal))
    if settings.vault_address is None:
        openbao = OpenBaoServer(folder.path / "openbao", folder.port("openbao"), folder.port("openbao-cluster"))
        known["vault_address"] = openbao.address
        known |= role_files(folder)
        components.append(openbao_component(openbao))
    if settings.database_app_password is None:
        known["database_app_password"] = folder.secret("database_app")
    known |= _keys(settings, folder)
    if own_subgraphs and settings.vault_address is None and settings.database_credentials_file is None:
        known["database_credentials_file"] = login_files(folder)
    if own_subgraphs:
        known["subgraphs_url"] = f"http://127.0.0.1:{folder.port('subgraphs')}"
        known |= content_settings(settings, subgraph_names(settings.supergraph), folder)
    if settings.demo_data is None:
        known["demo_data"] = own_database
    demo_data = settings.demo_data if settings.demo_data is not None else known["demo_data"]
    stands_in = own_subgraphs and demo_data and settings.saleor_url is None
    stands_in = stands_in and SALEOR in subgraph_names(settings.supergraph)
    if stands_in:
        given = settings.model_dump(exclude_none=True)
        known |= {name: value for name, value in stand_in_settings(folder.port(SALEOR)).items() if name not in given}

    complete = _with_addresses(settings.model_copy(update=known))
    environment = child_environment(complete)
    if settings.vault_address is None:
        components.append(vault_component(folder, environment))
    # Without these nothing works; the others may come and go.
    started = tuple(component.name for component in components if component.name in {"postgres", "redis"})
    if own_subgraphs:
        database = "our own" if own_database else str(settings.database_url)
        keeps_logins = settings.vault_address is None and settings.database_credentials_file is None
        own = {"own_vault": settings.vault_address is None, "keeps_logins": keeps_logins, "stands_in": stands_in}
        own["own_cms"] = "cms_url" in known
        components += subgraph_components(complete, folder, database, environment, started, **own)
    # It loads while the migrations run: nobody is told of it before everything is ready.
    components.append(brain_component(complete, environment, started))
    if own_subgraphs:
        components.append(worker_component(folder, environment))
    components.append(graphiql_component(folder, environment))
    return Stack(complete, tuple(components))


def _with_addresses(settings: BrainSettings) -> BrainSettings:
    """Return the settings with what follows from where the subgraphs and the Brain are."""
    known: dict[str, str] = {}
    if settings.identity_jwks_url is None:
        known["identity_jwks_url"] = f"{settings.subgraph_base('identity')}/.well-known/jwks.json"
    if settings.graph_url is None:
        known["graph_url"] = f"{brain_url(settings)}/graphql"
    return settings.model_copy(update=known)


def postgres_component(server: PostgresServer) -> Component:
    """PostgreSQL with pgvector."""
    return Component(
        name="postgres",
        prepare=server.prepare,
        launch=server.launch,
        is_ready=server.is_ready,
        address=f"127.0.0.1:{server.port}",
    )


def redis_component(server: RedisServer) -> Component:
    """Redis."""
    return Component(
        name="redis",
        prepare=server.prepare,
        launch=server.launch,
        is_ready=lambda _pid: server.is_ready(),
        address=f"127.0.0.1:{server.port}",
    )


def temporal_component(server: TemporalServer) -> Component:
    """Temporal with its UI."""
    return Component(
        name="temporal",
        prepare=server.prepare,
        launch=server.launch,
        is_ready=lambda _pid: server.is_ready(),
        address=f"{server.address} (UI: {server.ui_url})",
    )


def openbao_component(server: OpenBaoServer) -> Component:
    """OpenBao; ready once it serves, initialised or not."""
    return Component(
        name="openbao",
        prepare=server.prepare,
        launch=server.launch,
        is_ready=lambda _pid: server.is_ready(),
        address=server.address,
    )


def vault_component(folder: DataFolder, environment: Mapping[str, str]) -> Component:
    """What our own OpenBao is made to hold: mounts, policies, roles, and the files that services log in with."""
    folders = ("--admin-folder", str(folder.path / "openbao"), "--roles-folder", str(folder.path / "vault"))
    setup = _python(environment, "-m", "brain.cli", "vault", "setup", *folders)
    return Component("vault", setup, is_ready=None, after=("openbao",))


def login_components(
    settings: BrainSettings, folder: DataFolder, environment: Mapping[str, str], names: Sequence[str]
) -> list[Component]:
    """What lets our own OpenBao make log-ins to the database, and what keeps those of the subgraphs good."""
    admin = ("--admin-folder", str(folder.path / "openbao"))
    only = ("--only", ",".join(names))
    setup = _python(environment, "-m", "brain.cli", "vault", "database", *admin, *only)
    keep = _python(environment, "-m", "brain.cli", "vault", "keep", *only)
    files = [Path(str(settings.database_credentials_file).replace("{name}", name)) for name in names]

    def forget() -> None:
        for file in files:  # of an earlier run: their end may be near
            file.unlink(missing_ok=True)

    return [
        Component("vault-database", setup, is_ready=None, after=("migrate", "vault")),
        Component(
            "logins",
            keep,
            prepare=forget,
            is_ready=lambda _pid: all(file.exists() for file in files),
            after=("vault-database",),
        ),
    ]


def login_files(folder: DataFolder) -> Path:
    """Return where the contexts' log-ins to the database are kept, with ``{name}`` for the context."""
    return folder.path / "vault" / "logins" / "{name}.json"


def role_files(folder: DataFolder) -> dict[str, Path]:
    """Return where the files of our own OpenBao's roles are, as settings."""
    role = folder.path / "vault" / "{role}"
    return {"vault_role_id_file": role / "role_id", "vault_secret_id_file": role / "secret_id"}


def subgraph_components(
    settings: BrainSettings,
    folder: DataFolder,
    database: str,
    environment: Mapping[str, str],
    after: tuple[str, ...],
    *,
    own_vault: bool,
    keeps_logins: bool,
    stands_in: bool,
    own_cms: bool,
) -> list[Component]:
    """The migrations and the demo data (each once), and all subgraphs in one process, which loads meanwhile.

    With ``keeps_logins`` the subgraphs' log-ins to the database come from our own OpenBao; with ``stands_in`` there is
    a process for the stand-in of Saleor, too.
    """
    all_of_them = ("--stand-ins",) if stands_in else ()
    migrate = _python(environment, "-m", "subgraphs", "migrate", *all_of_them)
    # How long it takes is a matter of the data and the machine; one that hangs is seen, as its log is shown.
    components = [Component("migrate", migrate, is_ready=None, after=after, ready_within_s=600)]
    version = seed_version(subgraph_sources(), " ".join((database, *all_of_them)))
    # Once per database: rows that somebody deleted since do not come back at every start.
    if settings.demo_data and folder.noted("seeded") != version:
        seed = _python(environment, "-m", "subgraphs", "seed", *all_of_them)
        done = partial(folder.note, "seeded", version)
        # It seals columns, with our own OpenBao once that is set up.
        needs = ("migrate", "vault") if own_vault else ("migrate",)
        components.append(Component("seed", seed, None, on_done=done, after=needs, ready_within_s=300))
    assert settings.subgraphs_url is not None
    base = urlsplit(settings.subgraphs_url)
    names = context_names(settings.supergraph)
    together = [name for name in names if name != CMS]
    where = ("--host", str(base.hostname), "--port", str(base.port), "--only", ",".join(together))
    serve = _python(environment, "-m", "subgraphs", "serve", *where)
    ready_after = ["migrate"]  # its health is that of its database roles, which the migrations make
    if keeps_logins:
        components += login_components(settings, folder, environment, (*names, SALEOR) if stands_in else names)
        ready_after.append("logins")
    components.append(
        Component(
            "subgraphs",
            serve,
            is_ready=lambda _pid: all(answers(f"{settings.subgraph_base(name)}/health") for name in together),
            after=after,
            ready_after=tuple(ready_after),
            address=f"{settings.subgraphs_url} ({', '.join(together)})",
        )
    )
    if own_cms:
        components.append(content_component(settings, environment, _python, answers, after, tuple(ready_after)))
    if stands_in:
        components.append(saleor_component(settings, environment, after, tuple(ready_after)))
    return components


def saleor_component(
    settings: BrainSettings, environment: Mapping[str, str], after: tuple[str, ...], ready_after: tuple[str, ...]
) -> Component:
    """What stands in for Saleor: a process of its own, as a real one is."""
    base = urlsplit(str(settings.saleor_schema_url))
    where = ("--host", str(base.hostname), "--port", str(base.port))
    told = settings.saleor_webhook_url or f"{settings.subgraph_base('storefront')}/webhooks/saleor/{{tenant}}"
    own = {**environment, variable("saleor_webhook_url"): told}
    return Component(
        SALEOR,
        _python(own, "-m", "subgraphs", "serve", "--only", SALEOR, *where),
        is_ready=lambda _pid: answers(f"http://{base.netloc}/{SALEOR}/health"),
        after=after,
        ready_after=ready_after,
        address=f"{settings.saleor_url} (a stand-in)",
    )


def brain_component(settings: BrainSettings, environment: Mapping[str, str], after: tuple[str, ...]) -> Component:
    """The Brain itself."""
    return Component(
        "brain",
        _python(environment, "-m", "brain.serve"),
        is_ready=lambda _pid: answers(f"{brain_url(settings)}/health"),
        after=after,
        address=brain_url(settings),
    )


def worker_component(folder: DataFolder, environment: Mapping[str, str]) -> Component:
    """The worker, which carries out runs of agents; it waits for Temporal by itself."""
    port = folder.port("worker")
    own = {variable("worker_port"): str(port), variable("host"): "127.0.0.1"}
    return Component(
        "worker",
        _python({**environment, **own}, "-m", "brain.worker"),
        is_ready=lambda _pid: answers(f"http://127.0.0.1:{port}/health", timeout_s=3),
        ready_after=("brain",),
        address=f"http://127.0.0.1:{port}/health",
    )


def graphiql_component(folder: DataFolder, environment: Mapping[str, str]) -> Component:
    """The files of GraphiQL, brought from the npm registry unless they are there. Everything else works without."""
    fetch = _python(environment, "-m", "brain.graphiql", "fetch", "--data-dir", str(folder.path))
    return Component("graphiql", fetch, is_ready=None, ready_within_s=300, optional=True)


def brain_url(settings: BrainSettings) -> str:
    """Return the URL at which this machine reaches the Brain."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def subgraph_names(supergraph: Path) -> tuple[str, ...]:
    """Return the names of the subgraphs in a supergraph SDL, in its order.

    Raises:
        EmbeddedError: The file is missing or names no subgraph.
    """
    try:
        names = re.findall(r'@join__graph\(name: "([^"]+)"', supergraph.read_text(encoding="utf-8"))
    except OSError as error:
        raise EmbeddedError(
            f"Cannot read the supergraph {supergraph}: {error.strerror}. `make schema` makes it."
        ) from error
    if not names:
        raise EmbeddedError(f"{supergraph} is no supergraph SDL: it names no subgraph. `make schema` makes it.")
    return tuple(names)


def context_names(supergraph: Path) -> tuple[str, ...]:
    """Return the names of those subgraphs in a supergraph SDL that are ours: they take our context header.

    Raises:
        EmbeddedError: As `subgraph_names`.
    """
    return tuple(name for name in subgraph_names(supergraph) if name != SALEOR)


def answers(url: str, timeout_s: float = 1.0) -> bool:
    """Say whether a GET of the URL is answered with status 200."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def child_environment(settings: BrainSettings) -> dict[str, str]:
    """Return the environment of our own processes: ours, with every setting spelt out."""
    return {**os.environ, **settings.environment(), "PYTHONUNBUFFERED": "1"}


def subgraph_sources() -> Path:
    """Return the folder of the contexts' sources, which are run but never imported here.

    Raises:
        EmbeddedError: They are not installed.
    """
    spec = importlib.util.find_spec("subgraphs")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The subgraphs are not installed: run `make up`, or give BRAIN_SUBGRAPHS_URL.")
    return Path(spec.origin).parent


def _keys(settings: BrainSettings, folder: DataFolder) -> dict[str, Path]:
    """Make the keys that the settings do not name."""
    keys = folder.subfolder("keys")
    known = {}
    for name in ("identity", "worker"):
        setting = f"{name}_private_key_file"
        if getattr(settings, setting) is None:
            known[setting] = keys / f"{name}.pem"
            ensure_private_key(known[setting])
    if settings.worker_jwks_file is None:  # identity serves its own
        known["worker_jwks_file"] = keys / "worker.jwks.json"
        worker = settings.worker_private_key_file or known["worker_private_key_file"]
        write_jwks(worker, known["worker_jwks_file"])
    secret = settings.context_secret_file or keys / "context.secret"
    known["context_secret_file"] = secret
    if settings.context_keys_file is None:
        known["context_keys_file"] = keys / "{name}" / "context.keys.json"
        write_context_keys(secret, known["context_keys_file"], context_names(settings.supergraph))
    return known


def _python(environment: Mapping[str, str], *arguments: str) -> Callable[[], Launch]:
    """Return how to start one of our own modules."""
    launch = Launch((sys.executable, *arguments), environment=environment, folder=project_root())
    return lambda: launch
