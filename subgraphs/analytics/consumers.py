"""What analytics listens to: every event that a rule counts."""

from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, create_model

from resolvers.events.envelope import About
from resolvers.events.subscriptions import Subscription
from resolvers.session import TenantSession
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.rules import EventRule, observe
from subgraphs.analytics.usecases.counting import count

__all__ = ["SUBSCRIPTIONS"]


def _subscription(rule: EventRule) -> Subscription:
    """The subscription of a rule. Its reader has the fields that the rule reads, as they are written."""
    needed = rule.needed()
    fields: dict[str, Any] = {each: (Any, ... if each in needed else None) for each in rule.fields()}
    name = f"count_{rule.event.replace('.', '_')}_v{rule.version}"
    reader: TypeAdapter[Any] = TypeAdapter(create_model(name, **fields))

    async def handler(session: TenantSession, event: BaseModel, about: About) -> None:
        data = event.model_dump()
        observed = observe(rule, data, event_id=about.id, tenant_id=about.tenant_id, told_at=about.at)
        await count(session, [observed])

    return Subscription(name, rule.event, rule.version, handler, reader)


SUBSCRIPTIONS: Final = tuple(_subscription(rule) for rule in RULES.values())
