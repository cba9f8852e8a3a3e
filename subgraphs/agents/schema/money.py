"""What agents cost: budgets of a month, and what was used of them."""

import re
from datetime import date
from enum import Enum

import strawberry

from resolvers.errors import BadUserInput
from resolvers.session import TenantSession
from subgraphs.agents.domain.budgets import ALL_CREWS, Account, Limit
from subgraphs.agents.domain.values import CURRENCY
from subgraphs.agents.repository import budgets
from subgraphs.agents.schema.inputs import Micros

__all__ = ["AgentBudget", "AgentUsage", "WhenExhausted", "budgets_of", "month_of", "usage_of"]


_MONTH = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])")


@strawberry.enum(name="AgentBudgetExhausted", description="What becomes of new runs once all is spent.")
class WhenExhausted(Enum):
    PLAYBOOK = strawberry.enum_value(
        "PLAYBOOK", description="They go on by the crews' written rules, which cost nothing."
    )
    REFUSE = strawberry.enum_value("REFUSE", description="They are refused.")


@strawberry.type(description="What may be spent in a month, and what was used of it.")
class AgentBudget:
    crew: str | None = strawberry.field(description="Null: all of the tenant's crews together.")
    period: str = strawberry.field(description="The month, as 2026-05.")
    hard_micros: Micros = strawberry.field(description="Nothing is granted beyond it.")
    soft_percent: int = strawberry.field(description="Of the hard limit, from which on there is a warning.")
    when_exhausted: WhenExhausted = strawberry.field(description="What becomes of new runs once all is spent.")
    reserved_micros: Micros = strawberry.field(description="Granted to runs under way.")
    spent_micros: Micros = strawberry.field(description="What calls have cost.")
    left_micros: Micros = strawberry.field(description="What can still be granted.")
    warned: bool = strawberry.field(description="Whether the soft limit is reached.")
    exhausted: bool = strawberry.field(description="Whether nothing can be granted any more.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    version: int = strawberry.field(description="Counts changes, 0 for the platform's default; for expectedVersion.")


@strawberry.type(description="What one crew has used of one model.")
class AgentUsageRow:
    crew: str = strawberry.field(description="Of the runs.")
    model: str = strawberry.field(description="That was called.")
    runs: int = strawberry.field(description="That called it.")
    calls: int = strawberry.field(description="Made.")
    input_tokens: Micros = strawberry.field(description="That it read.")
    output_tokens: Micros = strawberry.field(description="That it wrote.")
    micros: Micros = strawberry.field(description="What they cost.")


@strawberry.type(description="What the tenant's agents have used in a month.")
class AgentUsage:
    period: str = strawberry.field(description="The month, as 2026-05.")
    calls: int = strawberry.field(description="Of language models.")
    micros: Micros = strawberry.field(description="What they cost.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    rows: list[AgentUsageRow] = strawberry.field(description="By crew and model, the dearest first.")


def month_of(text: str) -> date:
    """The first day of the month that `text` (2026-05) names.

    Raises:
        BadUserInput: it names none.
    """
    found = _MONTH.fullmatch(text)
    if found is None:
        raise BadUserInput("A month is written as 2026-05.", path=("period",))
    return date(int(found[1]), int(found[2]), 1)


async def budgets_of(session: TenantSession, period: date) -> list[AgentBudget]:
    """The tenant's budget, then those of crews with a limit of their own, in a month."""
    limits = await budgets.limit_rows(session)
    crews = [ALL_CREWS, *(crew for crew in limits if crew != ALL_CREWS)]
    used = await budgets.usage_of(session, crews, period)
    found = []
    for crew in crews:
        row = limits.get(crew)
        account = Account(Limit() if row is None else row.limit, *used.get(crew, (0, 0)))
        found.append(
            AgentBudget(
                crew=crew or None,
                period=period.strftime("%Y-%m"),
                hard_micros=Micros(account.limit.hard_micros),
                soft_percent=account.limit.soft_percent,
                when_exhausted=WhenExhausted.REFUSE if account.limit.refuse else WhenExhausted.PLAYBOOK,
                reserved_micros=Micros(account.reserved_micros),
                spent_micros=Micros(account.spent_micros),
                left_micros=Micros(account.left_micros),
                warned=account.is_warned,
                exhausted=account.is_exhausted,
                currency=CURRENCY,
                version=0 if row is None else row.version,
            )
        )
    return found


async def usage_of(session: TenantSession, period: date) -> AgentUsage:
    """What was used in a month."""
    rows = [
        AgentUsageRow(
            crew=row.crew,
            model=row.model,
            runs=row.runs,
            calls=row.calls,
            input_tokens=Micros(int(row.input_tokens)),
            output_tokens=Micros(int(row.output_tokens)),
            micros=Micros(int(row.micros)),
        )
        for row in await budgets.usage_by_crew(session, period)
    ]
    return AgentUsage(
        period=period.strftime("%Y-%m"),
        calls=sum(row.calls for row in rows),
        micros=Micros(sum(row.micros for row in rows)),
        currency=CURRENCY,
        rows=rows,
    )
