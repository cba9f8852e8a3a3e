"""Enumerations and checked values. Limits match the columns in `tables`; money is whole micro-USD, never a float."""

import hashlib
import json
import re
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID, uuid5

from subgraphs.agents.domain.errors import InvalidValue

__all__ = [
    "CURRENCY",
    "MAX_JSON_CHARS",
    "MAX_MICROS",
    "ActionStatus",
    "DecisionKind",
    "EngineKind",
    "IntegrationState",
    "Risk",
    "RunPhase",
    "RunStatus",
    "action_hash",
    "canonical_json",
    "checked_json",
    "checked_key",
    "checked_micros",
    "checked_name",
    "hash_of",
    "optional_text",
    "required_text",
    "run_id_of",
    "workflow_id_of",
]

CURRENCY: Final = "USD"
MAX_MICROS: Final = 2**53 - 1
"""What every JSON reader keeps exact: nine thousand million US dollars."""
MAX_JSON_CHARS: Final = 200_000

_RUNS: Final = UUID("0e2a5f4e-6a51-5d5e-8a1d-3d0c0b7b1f52")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class RunStatus(Enum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_APPROVAL = "waiting"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the run any more."""
        return self in _FINAL_RUNS


class RunPhase(Enum):
    """What a run is doing."""

    RESERVE = "reserve"
    PLAN = "plan"
    APPROVE = "approve"
    EXECUTE = "execute"
    SETTLE = "settle"
    DONE = "done"


class Risk(Enum):
    """What can go wrong: reading, writing, or spending money."""

    READ = "read"
    WRITE = "write"
    MONEY = "money"


class ActionStatus(Enum):
    """Where a proposed action stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the action any more."""
        return self in _FINAL_ACTIONS


class DecisionKind(Enum):
    """What was decided about an action."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"


class EngineKind(Enum):
    """What made a result: a language model, or the crew's written rules."""

    LLM = "llm"
    PLAYBOOK = "playbook"


class IntegrationState(Enum):
    """What came of the last use of an integration."""

    CONNECTED = "connected"
    MISSING_CREDENTIALS = "missing"
    FAILED = "failed"


_FINAL_RUNS = frozenset({RunStatus.SUCCEEDED, RunStatus.REJECTED, RunStatus.FAILED, RunStatus.CANCELLED})
_FINAL_ACTIONS = frozenset(
    {ActionStatus.REJECTED, ActionStatus.EXPIRED, ActionStatus.DONE, ActionStatus.FAILED, ActionStatus.SKIPPED}
)


def run_id_of(tenant_id: UUID, crew: str, key: str) -> UUID:
    """The id of the run of `crew` with that idempotency key: opening it twice finds the same row."""
    return uuid5(_RUNS, f"{tenant_id}/{crew}/{key}")


def workflow_id_of(tenant_id: UUID, crew: str, key: str) -> str:
    """The id of the run's workflow: starting it twice starts it once."""
    return f"{tenant_id}:{crew}:{key}"


def canonical_json(value: Any) -> str:
    """`value` as the one JSON text that equal values share: sorted keys, no spaces, no escapes that can be spared."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_of(value: Any) -> str:
    """SHA-256 (hexadecimal) of `canonical_json`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def action_hash(tool: str, arguments: Any) -> str:
    """What an approval is bound to: the tool, and the arguments that were shown. The workflow computes the same."""
    return hash_of({"tool": tool, "arguments": arguments})


def checked_json(field: str, value: Any) -> Any:
    """`value` itself, if it can be stored and is not too large.

    Raises:
        InvalidValue: it is too large, too deep, or holds what JSON or PostgreSQL cannot.
    """
    try:
        text = canonical_json(value)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue(field, "is not JSON that can be stored") from None
    if "\\u0000" in text:
        raise InvalidValue(field, "has characters that cannot be stored")
    if len(text) > MAX_JSON_CHARS:
        raise InvalidValue(field, f"must have at most {MAX_JSON_CHARS} characters as JSON")
    return value


def checked_object(field: str, value: Any) -> dict[str, Any]:
    """As `checked_json`, and an object."""
    if not isinstance(value, dict):
        raise InvalidValue(field, "must be a JSON object")
    checked: dict[str, Any] = checked_json(field, value)
    return checked


def checked_micros(field: str, value: int) -> int:
    """An amount in micro-USD, not negative.

    Raises:
        InvalidValue: it is out of range.
    """
    if not 0 <= value <= MAX_MICROS:
        raise InvalidValue(field, f"must be from 0 to {MAX_MICROS}")
    return value


def checked_name(field: str, value: str) -> str:
    """A name of a crew, tool, field or model: letters, digits, `_`, `.`, `-`.

    Raises:
        InvalidValue: it is anything else.
    """
    if not _NAME.fullmatch(value):
        raise InvalidValue(field, "must begin with a letter and have at most 100 letters, digits, '_', '.' or '-'")
    return value


def checked_key(field: str, value: str) -> str:
    """An idempotency key: 1 to 255 visible ASCII characters.

    Raises:
        InvalidValue: it is anything else.
    """
    if not _KEY.fullmatch(value):
        raise InvalidValue(field, "must have 1 to 255 visible ASCII characters")
    return value


def required_text(field: str, value: str, limit: int) -> str:
    """`value` trimmed.

    Raises:
        InvalidValue: nothing is left, it is longer than `limit` characters, or it is not storable.
    """
    text = value.strip()
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidValue(field, "has characters that cannot be stored")
    if not text:
        raise InvalidValue(field, "must not be blank")
    if len(text) > limit:
        raise InvalidValue(field, f"must have at most {limit} characters")
    return text


def optional_text(field: str, value: str | None, limit: int) -> str | None:
    """As `required_text`, but blank means none."""
    return required_text(field, value, limit) if value is not None and value.strip() else None


def checked_moment(field: str, value: datetime) -> datetime:
    """A moment in UTC.

    Raises:
        InvalidValue: it has no time zone, or lies outside the years that can be stored.
    """
    if value.tzinfo is None:
        raise InvalidValue(field, "needs a time zone")
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise InvalidValue(field, "is out of range") from None
