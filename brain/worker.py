"""The worker: the process that carries out runs of agents, and the only one that loads crewai.

    python -m brain.worker

It serves the task queue of workflows and light activities, and one queue of crews for each weight. SIGTERM lets what
is under way come to its end for some seconds; what does not is taken up by another worker, or by the next start.
"""

import asyncio
import importlib
import logging
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from brain.activities import Activities
from brain.catalogue import load_catalogue
from brain.catalogue.connector import Connector
from brain.catalogue.network import Gateway
from brain.config import BrainSettings, ConfigError, load_settings, variable
from brain.crews.runtime.environment import own_home, prepare
from brain.engine_settings import platform_engine
from brain.http_client import HttpClient
from brain.integrations import all_crews
from brain.integrations.connection_checks import ConnectionChecks
from brain.integrations.credentials import NoCredentials, VaultCredentials
from brain.integrations.graph import ConnectedAccess
from brain.integrations.notifications import NotificationDeliveries
from brain.run_tokens import RunTokenSigner
from brain.vault import Vault, VaultError
from brain.worker_health import served_health
from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.connection_check import ConnectionCheckWorkflow
from brain.workflows.messages import RUNS_QUEUE, crews_queue
from brain.workflows.notification_delivery import NotificationDeliveryWorkflow
from brain.workflows.scheduled_run import ScheduledRunWorkflow
from router import configure_logging

__all__ = ["WORKFLOWS", "main", "serve"]

_log = logging.getLogger("brain.worker")

WORKFLOWS: Final = (AgentRunWorkflow, ScheduledRunWorkflow, ConnectionCheckWorkflow, NotificationDeliveryWorkflow)
"""All that is durable here; tests hold each to histories of its own."""

_GRACE: Final = timedelta(seconds=20)
_CONNECT_PAUSE_S: Final = 1.0
_THREADS: Final = 48
"""crewai has its models called in threads of the loop: as many as can be waited for at once, and some for tools."""

_AS_LOADED: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("brain.workflows")
)
"""The modules of workflows are taken as they are. Loading them anew for each run, to see that they do nothing but
decide, takes twice as long as all that a run decides; tests do that, and replay histories."""

_CREWS_AT_ONCE: Final = {1: 8, 2: 6, 3: 4, 4: 4}
"""How many tasks of crews with so many agents a worker has under way: a kick-off holds the interpreter for 20 to 90 ms,
and waits for its provider the rest of the time."""


async def serve(settings: BrainSettings, stop: asyncio.Event) -> None:
    """Work until `stop` is set.

    Raises:
        ConfigError: a setting is missing; the message names it.
        ValueError: the key's file holds no usable key, or the platform's language model is not whole.
        OSError: it cannot be read, or the port is taken.
    """
    address = settings.temporal_address
    if address is None or settings.worker_private_key_file is None:
        missing = variable("temporal_address" if address is None else "worker_private_key_file")
        raise ConfigError(f"{missing} is not set. `brain up` sets it for what it starts itself.")
    signer = RunTokenSigner.from_file(settings.worker_private_key_file)
    platform = platform_engine(settings)
    async with AsyncExitStack() as stack:
        http = HttpClient()
        await http.start()
        stack.push_async_callback(http.close)
        vault: Vault | None = None
        if settings.vault_address is not None:
            vault = await stack.enter_async_context(Vault.from_settings(settings, "worker"))
        prepare(settings.data_dir / "crewai")
        # crewai takes seconds to load: the first run does not wait for all of them.
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="crews"))
        loading = loop.run_in_executor(None, _load_crewai)
        stack.push_async_callback(asyncio.wait, [loading])
        client = await _connected(address, settings.temporal_namespace, stop)
        if client is None:
            return
        credentials = NoCredentials() if vault is None else VaultCredentials(vault)
        network = _gateway(settings)
        connector = await stack.enter_async_context(Connector(load_catalogue(), credentials, network=network))
        url = settings.graph_url or f"http://127.0.0.1:{settings.port}/graphql"
        graph = ConnectedAccess(http, url, signer, load_catalogue(), connector)
        own = None if vault is None else _Engines(vault).of_tenant
        activities = Activities(graph, own, platform, crews=all_crews())
        checks, messages = ConnectionChecks(graph, connector), NotificationDeliveries(graph, connector)
        for worker in _workers(client, activities, checks, messages):
            await stack.enter_async_context(worker)
        health = served_health(settings.host, settings.worker_port, client.service_client.check_health)
        await stack.enter_async_context(health)
        _log.info("works for Temporal at %s", address)
        await stop.wait()
        _log.info("stops")


def _workers(
    client: Client, activities: Activities, connections: ConnectionChecks, messages: NotificationDeliveries
) -> list[Worker]:
    runs = Worker(
        client,
        task_queue=RUNS_QUEUE,
        workflows=WORKFLOWS,
        activities=[*activities.light(), connections.check_connection, messages.deliver_notifications],
        workflow_runner=_AS_LOADED,
        max_concurrent_activities=40,
        graceful_shutdown_timeout=_GRACE,
    )
    weights = sorted({crew.weight for crew in all_crews().values()} | {1})
    crews = [
        Worker(
            client,
            task_queue=crews_queue(weight),
            activities=[activities.plan_with_crew],
            max_concurrent_activities=_CREWS_AT_ONCE.get(weight, 4),
            graceful_shutdown_timeout=_GRACE,
        )
        for weight in weights
    ]
    return [runs, *crews]


def _gateway(settings: BrainSettings) -> Gateway | None:
    if settings.provider_gateway is None:
        return None
    host, _, port = settings.provider_gateway.rpartition(":")
    return Gateway(host.strip("[]"), int(port))


def _load_crewai() -> None:
    importlib.import_module("brain.crews.runtime.assembly")


class _Engines:
    """A tenant's language model, as the Vault has it. Without the Vault the playbook does the work."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def of_tenant(self, tenant: str) -> Mapping[str, Any] | None:
        try:
            return await self._vault.read("llm", tenant)
        except VaultError as error:
            _log.warning("no settings for a language model: %s", error, extra={"fields": {"tenant": tenant}})
            return None


async def _connected(address: str, namespace: str, stop: asyncio.Event) -> Client | None:
    """Temporal, waited for; None if the worker is to stop before it is there."""
    while not stop.is_set():
        try:
            return await Client.connect(address, namespace=namespace, identity=f"worker-{os.getpid()}")
        except (RuntimeError, RPCError) as error:
            _log.warning("Temporal at %s does not answer: %s", address, error)
        try:
            await asyncio.wait_for(stop.wait(), _CONNECT_PAUSE_S)
        except TimeoutError:
            continue
    return None


async def _run(settings: BrainSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop)


def main() -> int:
    """Work until a signal ends it; returns the exit status."""
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        own_home(settings.data_dir / "crewai" / "home")
        asyncio.run(_run(settings))
    except (ConfigError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of Temporal's client may abort an interpreter that ends in good order; there is nothing left to be done.
    os._exit(status)
