"""The graph, as a run of agents reaches it: operations through the Brain, with the run's own credential."""

import json
from collections.abc import Mapping
from typing import Any, Final

from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.http_client import HttpClient
from brain.run_tokens import RunTokenSigner
from brain.workflows.messages import RunRef
from turns import Turns

__all__ = ["GraphAccess", "RunGraph"]

_TIMEOUT_S: Final = 25.0
_AT_ONCE: Final = 12
"""Requests that a worker has under way, tenants in turns. More would only make each of them slower, and keep clients
waiting that ask the Brain for runs meanwhile."""

_PASSING: Final = frozenset(
    {
        "DEADLINE_EXCEEDED",
        "INTERNAL_SERVER_ERROR",
        "PLANNER_OVERLOADED",
        "RATE_LIMITED",
        "REQUEST_TIMEOUT",
        "ROUTER_OVERLOADED",
        "SERVICE_UNAVAILABLE",
        "SUBGRAPH_CIRCUIT_OPEN",
        "SUBGRAPH_OVERLOADED",
        "SUBGRAPH_UNREACHABLE",
        "SUBREQUEST_HTTP_ERROR",
        "SUBREQUEST_MALFORMED_RESPONSE",
        "SUBREQUEST_TIMEOUT",
    }
)
"""Codes of errors after which the same operation may succeed: whoever got them does not know what was done."""


class GraphAccess:
    """Calls the Brain for runs; one for a worker.

    Args:
        http: how.
        url: the Brain's GraphQL endpoint.
        signer: of run tokens.
    """

    def __init__(self, http: HttpClient, url: str, signer: RunTokenSigner) -> None:
        self._http = http
        self._url = url
        self._signer = signer
        self._turns = Turns(_AT_ONCE)

    def of(self, run: RunRef, grants: frozenset[str] = frozenset()) -> "RunGraph":
        """The graph as the run may see it.

        Args:
            grants: of its crew; the run may do what both they and whoever asked for it allow.
        """
        return RunGraph(self, run, sorted(grants.intersection(run.scopes)))

    async def send(
        self, run: RunRef, scopes: list[str], document: str, variables: Mapping[str, Any], key: str | None
    ) -> dict[str, Any]:
        """See `RunGraph.execute`."""
        token = self._signer.sign(run.tenant, run.run_id, run.crew, run.requested_by, scopes)
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
            **({} if key is None else {"idempotency-key": key}),
        }
        body = json.dumps({"query": document, "variables": dict(variables)}).encode()
        try:
            async with self._turns.of(run.tenant):
                status, content = await self._http.request(
                    "POST", self._url, headers=headers, body=body, timeout_s=_TIMEOUT_S
                )
        except OSError as error:
            raise GraphUnavailable(f"The graph does not answer: {error}") from error
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise GraphUnavailable(f"The graph answered status {status} without JSON.") from error
        return _data(status, answer)


class RunGraph:
    """The graph with the credential of one run: what crews call `GraphClient`."""

    def __init__(self, access: GraphAccess, run: RunRef, scopes: list[str]) -> None:
        self._access = access
        self._run = run
        self._scopes = scopes

    async def execute(
        self, document: str, variables: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """The data of an operation.

        Args:
            idempotency_key: of a write that is to be done once, however often it is sent.

        Raises:
            GraphRefused: it was answered with errors that will come again.
            GraphUnavailable: it was not answered, or with errors that may pass.
        """
        return await self._access.send(self._run, self._scopes, document, variables, idempotency_key)


def _data(status: int, answer: Any) -> dict[str, Any]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if errors:
        codes = [str((error.get("extensions") or {}).get("code")) for error in errors]
        if status >= 500 or status == 429 or not _PASSING.isdisjoint(codes):
            raise GraphUnavailable(f"The graph could not answer: {', '.join(codes)}")
        raise GraphRefused(codes[0], str(errors[0].get("message")))
    data = answer.get("data") if isinstance(answer, dict) else None
    if status != 200 or not isinstance(data, dict):
        raise GraphUnavailable(f"The graph answered status {status} without data.")
    return data
