"""What the Brain asks a subgraph by itself: fields that clients do not see, with the scope `internal`."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brain.caller import INTERNAL_SCOPE, Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.http_client import HttpClient

__all__ = ["InternalSubgraph", "SubgraphUnavailable", "exchange_json"]

_TIMEOUT_S = 5.0
_NOBODY = Caller()


class SubgraphUnavailable(Exception):
    """The subgraph did not answer, or not as agreed."""


class InternalSubgraph:
    """Calls one subgraph as the Brain.

    Args:
        http: how.
        url: its GraphQL endpoint.
        signer: signs the context of the calls.
        name: in the graph, the audience of that context.
        timeout_s: of a call.
    """

    def __init__(
        self, http: HttpClient, url: str, signer: ContextSigner, name: str, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._timeout_s = timeout_s
        self._http = http
        self._url = url
        self._signer = signer
        self._name = name

    async def ask(
        self, query: str, variables: Mapping[str, Any], caller: Caller = _NOBODY, request_id: str | None = None
    ) -> Mapping[str, Any]:
        """The data of an operation.

        Args:
            caller: for whom; of it the subgraph sees tenant and user, and no scope but `internal`.

        Raises:
            SubgraphUnavailable: no answer in time, or errors.
        """
        context = self._signer.sign(
            replace(caller, scopes=(INTERNAL_SCOPE,)),
            self._name,
            request_id=request_id or uuid.uuid4().hex,
            deadline_ms=int((time.time() + self._timeout_s) * 1000),
        )
        headers = {"content-type": "application/json", "accept": "application/json", CONTEXT_HEADER: context}
        body = json.dumps({"query": query, "variables": dict(variables)}).encode()
        answer = await exchange_json(self._http, "POST", self._url, headers, body, self._name, self._timeout_s)
        data = answer.get("data")
        if answer.get("errors") or not isinstance(data, dict):
            codes = [error.get("extensions", {}).get("code") for error in answer.get("errors") or ()]
            raise SubgraphUnavailable(f"{self._name} answered with errors: {codes}")
        return data


async def exchange_json(
    http: HttpClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    name: str,
    timeout_s: float = _TIMEOUT_S,
) -> Mapping[str, Any]:
    """The JSON object that a subgraph answers.

    Raises:
        SubgraphUnavailable: no answer in time, or another one.
    """
    try:
        status, content = await http.request(method, url, headers=headers, body=body, timeout_s=timeout_s)
    except OSError as error:
        raise SubgraphUnavailable(f"{name} does not answer: {error}") from error
    if status != 200:
        raise SubgraphUnavailable(f"{name} answered with status {status}")
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise SubgraphUnavailable(f"{name} answered with something other than JSON") from error
    if not isinstance(answer, dict):
        raise SubgraphUnavailable(f"{name} answered with something other than an object")
    return answer
