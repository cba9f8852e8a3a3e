"""Counting what language models cost: reserve before a call, record after it, and no call that could break the cap."""

from dataclasses import replace
from typing import Protocol
from uuid import uuid4

from brain.crews.errors import BudgetExceeded
from brain.crews.prices import Price
from brain.crews.task import LlmCall

__all__ = ["Ledger", "Meter", "MeteredCall"]


class Ledger(Protocol):
    """The tenant's budget and its book, which the graph keeps."""

    async def reserve(self, run_id: str, call_id: str, micros: int) -> None:
        """Sets `micros` aside for a call.

        Raises:
            BudgetExceeded: the tenant, the crew or the run has less.
        """
        ...

    async def record(self, run_id: str, call: LlmCall) -> None:
        """Writes a call down and gives back what it did not use. Told twice, it is written once."""
        ...


class MeteredCall:
    """A call for which money is set aside; `close` it with what it took."""

    def __init__(self, meter: "Meter", call: LlmCall, reserved_micros: int) -> None:
        self._meter = meter
        self._call = call
        self._reserved_micros = reserved_micros

    async def close(self, input_tokens: int, output_tokens: int, *, ok: bool) -> LlmCall:
        """Records the call. A call that failed before it cost anything has no tokens."""
        call = replace(
            self._call,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            micros=self._meter.price.of(input_tokens, output_tokens),
            ok=ok,
        )
        await self._meter.close(call, self._reserved_micros)
        return call


class Meter:
    """The money of one task.

    Args:
        limit_micros: what the task may spend at most; no call is made that could go beyond it.
        price: of the model.
    """

    def __init__(self, ledger: Ledger, run_id: str, limit_micros: int, price: Price | None = None) -> None:
        self.price = price or Price(0, 0)
        self.calls: list[LlmCall] = []
        self._ledger = ledger
        self._run_id = run_id
        self._limit_micros = limit_micros
        self._reserved_micros = 0
        self._spent_micros = 0

    @property
    def spent_micros(self) -> int:
        """What the calls so far have cost."""
        return self._spent_micros

    async def open(self, agent: str, model: str, input_tokens: int, max_output_tokens: int) -> MeteredCall:
        """Sets aside what a call can cost at most.

        Args:
            input_tokens: an estimate that is not too low.

        Raises:
            BudgetExceeded: it could cost more than is left. Nothing is set aside.
        """
        wanted = self.price.of(input_tokens, max_output_tokens)
        left = self._limit_micros - self._spent_micros - self._reserved_micros
        if wanted > left:
            raise BudgetExceeded(wanted, left)
        call = LlmCall(uuid4().hex, agent, model, 0, 0, 0)
        self._reserved_micros += wanted
        try:
            await self._ledger.reserve(self._run_id, call.call_id, wanted)
        except BaseException:
            self._reserved_micros -= wanted
            raise
        return MeteredCall(self, call, wanted)

    async def close(self, call: LlmCall, reserved_micros: int) -> None:
        """Writes a call down; see `MeteredCall.close`."""
        self._reserved_micros -= reserved_micros
        self._spent_micros += call.micros
        self.calls.append(call)
        await self._ledger.record(self._run_id, call)
