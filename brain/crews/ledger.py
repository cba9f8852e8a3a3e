"""The tenant's budget and book, kept by the graph's subgraph `agents`."""

from collections.abc import Mapping
from typing import Any, Final

from brain.crews.errors import BudgetExceeded, GraphRefused, RunStopped
from brain.crews.graph import GraphClient
from brain.crews.task import LlmCall

__all__ = ["RECORD", "RESERVE", "GraphLedger"]

RESERVE: Final = """
mutation ReserveAgentBudget($input: ReserveAgentBudgetInput!) {
  reserveAgentBudget(input: $input) { granted refusal { code message } errors { code message } }
}
"""
RECORD: Final = """
mutation RecordAgentLlmCall($input: LlmCallInput!) {
  recordAgentLlmCall(input: $input) { errors { code message } }
}
"""


class GraphLedger:
    """A `meter.Ledger` over the graph, with the run's credential."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    async def reserve(self, run_id: str, call_id: str, micros: int) -> None:
        """See `meter.Ledger`.

        Raises:
            BudgetExceeded: tenant, crew or run have less.
            RunStopped: the tenant's kill switch is engaged, or the run is over.
            GraphRefused, GraphUnavailable: the graph has no answer.
        """
        wanted = {"runId": run_id, "callId": call_id, "micros": micros}
        payload = _payload(await self._graph.execute(RESERVE, {"input": wanted}), "reserveAgentBudget")
        if payload["granted"]:
            return
        refusal = payload.get("refusal") or {}
        code, message = str(refusal.get("code")), str(refusal.get("message"))
        if code == "BUDGET_EXHAUSTED":
            raise BudgetExceeded(micros, None, message)
        raise RunStopped(code, message)

    async def record(self, run_id: str, call: LlmCall) -> None:
        """See `meter.Ledger`. Raises `GraphRefused` and `GraphUnavailable`."""
        told = {
            "runId": run_id,
            "callId": call.call_id,
            "agent": call.agent,
            "model": call.model,
            "inputTokens": call.input_tokens,
            "outputTokens": call.output_tokens,
            "micros": call.micros,
        }
        _payload(await self._graph.execute(RECORD, {"input": told}), "recordAgentLlmCall")


def _payload(data: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    payload: Mapping[str, Any] = data[field]
    for error in payload["errors"]:
        raise GraphRefused(error["code"], error["message"])
    return payload
