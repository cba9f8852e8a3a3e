"""The one connector: does an operation of any integration, as its descriptor says, for a tenant with its credentials.

What it never does: invent data, send to a host that the descriptor does not name, follow a redirect to another host,
send a write again that may have been done, or show a secret.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import httpcore

from brain.catalogue.access_tokens import AccessTokens
from brain.catalogue.call import Bounds, Call, ConnectorResult, Means
from brain.catalogue.credentials import CredentialSource
from brain.catalogue.descriptors import Catalogue
from brain.catalogue.errors import ConnectorError, InvalidArguments, TimedOut
from brain.catalogue.network import ProviderTransport, PublicNetwork
from brain.catalogue.rate_limits import RateLimits

__all__ = ["Bounds", "Connector", "ConnectorResult"]

_log = logging.getLogger("brain.connector")


class Connector:
    """Does operations. Use it as an async context manager, in one event loop.

    Args:
        catalogue: what there is.
        source: tenants' credentials.
        network: how connections are made; to public addresses only, if left out.
        bounds: what a call may take.
        sleep: how pauses are waited out.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        source: CredentialSource,
        *,
        network: httpcore.AsyncNetworkBackend | None = None,
        bounds: Bounds | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._transport = ProviderTransport(network or PublicNetwork())
        self._means = Means(
            transport=self._transport,
            source=source,
            tokens=AccessTokens(self._transport, source, clock),
            limits=RateLimits(clock),
            bounds=bounds or Bounds(),
            sleep=sleep,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def call(
        self,
        tenant: str,
        integration: str,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        max_pages: int | None = None,
    ) -> ConnectorResult:
        """Do an operation of an integration for a tenant.

        Args:
            tenant: whose credentials are used.
            arguments: as the operation's JSON schema wants them.
            idempotency_key: of a write; the same one again makes providers that know such keys do it once.
            max_pages: fewer than the bounds allow.

        Raises:
            ConnectorError: one of its kinds, see `errors`.
        """
        found = self._catalogue.integrations.get(integration)
        if found is None or operation not in found.operations:
            raise InvalidArguments(
                integration, operation, "there is no such operation", remedy="`brain agents catalogue` lists them"
            )
        call_s = self._means.bounds.call_s
        call = Call(self._means, tenant, found, found.operations[operation], max_pages)
        started = time.monotonic()
        outcome = "cancelled"
        try:
            async with asyncio.timeout(call_s):
                result = await call.run(arguments, idempotency_key)
        except TimeoutError:
            outcome = TimedOut.code
            unknown = call.in_flight and not call.safe
            raise TimedOut(integration, operation, f"not done within {call_s:g} s", outcome_unknown=unknown) from None
        except ConnectorError as error:
            outcome = error.code
            raise
        else:
            outcome = str(result.status)
            return result
        finally:
            # Who, what, how it ended; never with what.
            _log.info(
                "%s.%s for tenant %s: %s, %d requests, %.0f ms",
                integration,
                operation,
                tenant,
                outcome,
                call.requests,
                (time.monotonic() - started) * 1000,
            )

    async def check(self, tenant: str, integration: str) -> ConnectorResult:
        """See whether the tenant's connection works, by the integration's health operation.

        Raises:
            ConnectorError: it does not; its kind says why.
        """
        descriptor = self._catalogue.integrations[integration]
        return await self.call(tenant, integration, descriptor.health, descriptor.health_arguments, max_pages=1)
