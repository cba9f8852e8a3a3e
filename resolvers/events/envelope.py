"""An event on its way: what is said about it, and its data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

__all__ = ["NOBODY", "About", "Envelope", "NotAnEvent"]

NOBODY: Final = UUID(int=0)
"""The tenant of what came without a valid one: no session is ever opened for it but the operator's."""


class NotAnEvent(Exception):
    """An entry of a stream that is no event of the tenant that it is for; the message says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What a handler is told besides the data.

    Attributes:
        id: of the event; the same each time it is delivered.
        tenant_id: whose event it is; that of the handler's session.
        at: when it happened.
        request_id: of the request in which it did.
    """

    id: UUID
    name: str
    version: int
    tenant_id: UUID
    aggregate: str
    at: datetime
    request_id: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with what is said about it."""

    about: About
    data: Mapping[str, Any]

    def fields(self) -> dict[str, str]:
        """As an entry of a stream. The tenant stands beside the event and in it."""
        about = self.about
        event = {
            "id": str(about.id),
            "name": about.name,
            "version": about.version,
            "tenant": str(about.tenant_id),
            "aggregate": about.aggregate,
            "at": about.at.isoformat(),
            "request": about.request_id,
            "data": self.data,
        }
        return {"tenant": str(about.tenant_id), "event": json.dumps(event)}

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Envelope":
        """The event that an entry holds.

        Raises:
            NotAnEvent: it holds none, or one of another tenant than the entry is for.
        """
        try:
            event = json.loads(fields["event"])
            about = About(
                id=UUID(event["id"]),
                name=_text(event, "name"),
                version=int(event["version"]),
                tenant_id=UUID(event["tenant"]),
                aggregate=_text(event, "aggregate"),
                at=datetime.fromisoformat(event["at"]),
                request_id=_text(event, "request"),
            )
            data, tenant_id = event["data"], UUID(fields["tenant"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise NotAnEvent(f"the entry is no event: {type(error).__name__}: {error}") from error
        if not isinstance(data, dict):
            raise NotAnEvent("the entry is no event: its data is no object")
        if about.tenant_id != tenant_id:
            raise NotAnEvent(f"an event of tenant {about.tenant_id} in an entry for tenant {tenant_id}")
        if tenant_id == NOBODY:
            raise NotAnEvent("the event has no tenant")
        return cls(about, data)


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event[name]
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"{name} is no text")
    return value
