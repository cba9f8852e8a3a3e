"""Secrets that owners hand over: credentials of integrations, and of their language model. None of them is ever read.

The log has who changed what and which fields, and no value. The Vault is asked before the row is committed: if it
refuses, nothing has changed.
"""

from typing import Any

from resolvers.session import TenantSession
from subgraphs.agents.catalogue import integration_of
from subgraphs.agents.domain.credentials import checked_credentials
from subgraphs.agents.domain.engines import Engine, EngineDetails
from subgraphs.agents.domain.errors import IntegrationNotFound, TemporalUnavailable, check_version
from subgraphs.agents.domain.values import IntegrationState
from subgraphs.agents.repository import engines, integrations
from subgraphs.agents.repository.integrations import Connection
from subgraphs.agents.repository.rows import lock_tenant
from subgraphs.agents.services import Services
from subgraphs.agents.usecases.work import Work, actor_of

__all__ = ["check_connection", "drop_credentials", "drop_engine", "set_credentials", "set_engine"]

_NOT_CONNECTED = "There are no credentials."


async def set_credentials(
    session: TenantSession, services: Services, name: str, given: list[tuple[str, str]]
) -> tuple[Connection | None, bool]:
    """Keeps the credentials of an integration, and has the connection tried.

    Returns:
        What is known of the connection, and whether that is of these credentials: not if no worker has tried them yet.

    Raises:
        IntegrationNotFound: there is no such integration.
        BadUserInput: the credentials cannot be right.
        SecretsUnavailable: the Vault does not take them.
    """
    entry = integration_of(name)
    if entry is None:
        raise IntegrationNotFound
    credentials = checked_credentials(entry["credentials"], given)
    tenant_id = session.tenant_id()
    async with session.apart() as own:
        await services.secrets.put_credentials(tenant_id, name, credentials)
        await _note(own, "CREDENTIALS_SET", {"integration": name, "fields": sorted(credentials)})
    try:
        await services.workflows.put_connection_checks(tenant_id, name)
        is_tried = await services.workflows.check_connection(tenant_id, name)
    except TemporalUnavailable:
        is_tried = False  # logged where it is raised; the next use says how the connection is
    return await _connection(session, name), is_tried


async def drop_credentials(session: TenantSession, services: Services, name: str) -> Connection | None:
    """Forgets the credentials of an integration; without any it is fine.

    Raises:
        IntegrationNotFound: there is no such integration.
        SecretsUnavailable: the Vault does not forget them.
    """
    if integration_of(name) is None:
        raise IntegrationNotFound
    tenant_id = session.tenant_id()
    async with session.apart() as own:
        await services.secrets.drop_credentials(tenant_id, name)
        work = await _note(own, "CREDENTIALS_REMOVED", {"integration": name})
        gone = Connection(name, IntegrationState.MISSING_CREDENTIALS, _NOT_CONNECTED, work.now)
        await integrations.set_connection(own, gone)
    try:
        await services.workflows.drop_connection_checks(tenant_id, name)
    except TemporalUnavailable:
        return gone  # a check finds no credentials and says so
    return gone


async def check_connection(session: TenantSession, services: Services, name: str) -> tuple[Connection | None, bool]:
    """Has a connection tried now.

    Returns:
        What is known of it, and whether it has been tried.

    Raises:
        IntegrationNotFound: there is no such integration.
        TemporalUnavailable: nobody can be asked to.
    """
    if integration_of(name) is None:
        raise IntegrationNotFound
    is_tried = await services.workflows.check_connection(session.tenant_id(), name)
    return await _connection(session, name), is_tried


async def set_engine(
    session: TenantSession,
    services: Services,
    details: EngineDetails,
    key: str | None,
    *,
    expected_version: int | None,
) -> Engine:
    """Has the tenant's crews use a language model from their next task on.

    Args:
        key: of the tenant's account with the provider. It goes to the Vault and nowhere else.

    Raises:
        InvalidValue: what is given cannot be used.
        VersionConflict: it has changed since.
        SecretsUnavailable: the Vault does not take it.
    """
    details.check_address(services.engines.servers)
    details.check_key(key)
    tenant_id = session.tenant_id()
    async with session.apart() as own:
        await lock_tenant(own)
        before = await engines.read_engine(own)
        version = 0 if before is None else before.version
        check_version(version, expected_version)
        work = Work(own)
        user_id = session.context.user_id
        shown: dict[str, Any] = {
            "provider": details.provider,
            "model": details.model,
            "base_url": details.base_url,
            "input_micros": details.input_micros,
            "output_micros": details.output_micros,
            "max_output_tokens": details.max_output_tokens,
        }
        after = Engine(**shown, has_key=key is not None, changed_by=user_id, version=version + 1, updated_at=work.now)
        await engines.write_engine(own, after)
        await work.note(actor_of(user_id), "ENGINE_SET", None, {**shown, "key": key is not None})
        kept = {**shown, "api_key": key}
        await services.secrets.put_engine(tenant_id, {name: value for name, value in kept.items() if value is not None})
    return after


async def drop_engine(session: TenantSession, services: Services, expected_version: int | None) -> None:
    """Has the tenant's crews use the platform's language model again, or their playbooks.

    Raises:
        VersionConflict, SecretsUnavailable: see `set_engine`.
    """
    async with session.apart() as own:
        await lock_tenant(own)
        before = await engines.read_engine(own)
        check_version(0 if before is None else before.version, expected_version)
        await engines.drop_engine(own)
        await Work(own).note(actor_of(session.context.user_id), "ENGINE_REMOVED", None, {})
        await services.secrets.drop_engine(session.tenant_id())


async def _connection(session: TenantSession, name: str) -> Connection | None:
    async with session.apart() as own:
        return (await integrations.connections(own)).get(name)


async def _note(session: TenantSession, kind: str, data: dict[str, Any]) -> Work:
    # Last: the Vault was asked before, and nobody of the tenant waits for the lock meanwhile.
    await lock_tenant(session)
    work = Work(session)
    await work.note(actor_of(session.context.user_id), kind, None, data)
    return work
