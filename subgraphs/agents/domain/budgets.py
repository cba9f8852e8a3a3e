"""What a tenant's agents may cost, in whole micro-USD.

An `Account` is one budget of one month: the tenant's, or a crew's within it. A run gets an *envelope* out of all
accounts that it counts for; its calls are paid out of the envelope. What is reserved and what is spent together never
exceed the hard limit by anything that is granted: the check comes before the call. Only a call that cost more than was
reserved for it can lift the sum above the limit, since the money is gone by then; nothing is granted after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from subgraphs.agents.domain.errors import BudgetExhausted, InvalidValue, RunOver
from subgraphs.agents.domain.values import MAX_MICROS, checked_micros

__all__ = [
    "ALL_CREWS",
    "DEFAULT_HARD_MICROS",
    "DEFAULT_SOFT_PERCENT",
    "Account",
    "Cost",
    "Limit",
    "hold",
    "period_of",
    "raise_envelope",
    "record",
    "settle",
]

ALL_CREWS: Final = ""
"""Stands for the tenant as a whole where a crew could stand."""
DEFAULT_HARD_MICROS: Final = 50_000_000
DEFAULT_SOFT_PERCENT: Final = 80


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be spent in a calendar month (UTC).

    Attributes:
        soft_percent: of `hard_micros`, from which on the tenant is warned.
        refuse: whether runs are refused once all is spent; otherwise they go on with playbooks, which cost nothing.
    """

    hard_micros: int = DEFAULT_HARD_MICROS
    soft_percent: int = DEFAULT_SOFT_PERCENT
    refuse: bool = False

    def __post_init__(self) -> None:
        checked_micros("hardMicros", self.hard_micros)
        if not 1 <= self.soft_percent <= 100:
            raise InvalidValue("softPercent", "must be from 1 to 100")

    @property
    def soft_micros(self) -> int:
        """Rounded down."""
        return self.hard_micros * self.soft_percent // 100


@dataclass(frozen=True, slots=True)
class Account:
    """What has been granted and spent of a limit in one month."""

    limit: Limit
    reserved_micros: int = 0
    spent_micros: int = 0

    @property
    def used_micros(self) -> int:
        return self.reserved_micros + self.spent_micros

    @property
    def left_micros(self) -> int:
        """What can still be granted."""
        return max(0, self.limit.hard_micros - self.used_micros)

    @property
    def is_exhausted(self) -> bool:
        return self.left_micros == 0

    @property
    def is_warned(self) -> bool:
        """Whether the soft limit is reached."""
        return self.used_micros >= self.limit.soft_micros


@dataclass(frozen=True, slots=True)
class Cost:
    """A run's money.

    Attributes:
        limit_micros: the most that the run may cost.
        envelope_micros: granted; counts against the accounts, spent or not.
        held_micros: of the envelope, promised to calls under way.
        spent_micros: of the envelope, what calls have cost.
    """

    limit_micros: int
    envelope_micros: int = 0
    held_micros: int = 0
    spent_micros: int = 0
    is_settled: bool = False


def raise_envelope(cost: Cost, accounts: Sequence[Account], micros: int) -> tuple[Cost, tuple[Account, ...]]:
    """The run with an envelope of at least `micros`, granted by all `accounts`; as before if it is that large already.

    Raises:
        BudgetExhausted: the run's own limit or an account does not cover it; nothing is granted.
        RunOver: the run is settled.
    """
    checked_micros("micros", micros)
    more = micros - cost.envelope_micros
    if more <= 0:
        return cost, tuple(accounts)
    if cost.is_settled:
        raise RunOver("The run is settled: nothing more is granted to it.")
    if micros > cost.limit_micros:
        raise BudgetExhausted(f"The run may cost {cost.limit_micros} micro-USD; {micros} are asked for.")
    for account in accounts:
        if more > account.left_micros:
            raise BudgetExhausted(f"{account.left_micros} micro-USD are left this month; {more} are asked for.")
    granted = tuple(replace(account, reserved_micros=account.reserved_micros + more) for account in accounts)
    return replace(cost, envelope_micros=micros), granted


def hold(cost: Cost, accounts: Sequence[Account], micros: int) -> tuple[Cost, tuple[Account, ...]]:
    """The run with `micros` promised to one more call; the envelope grows if it must.

    Raises:
        BudgetExhausted, RunOver: see `raise_envelope`.
    """
    checked_micros("micros", micros)
    if cost.is_settled:
        raise RunOver("The run is settled: nothing more is granted to it.")
    needed = min(cost.spent_micros + cost.held_micros + micros, MAX_MICROS)
    cost, granted = raise_envelope(cost, accounts, needed)
    return replace(cost, held_micros=cost.held_micros + micros), granted


def record(cost: Cost, accounts: Sequence[Account], held: int, micros: int) -> tuple[Cost, tuple[Account, ...]]:
    """The run after a call that cost `micros`, for which `held` had been promised (0: nothing).

    What a call cost beyond the envelope is spent all the same, and counted.
    """
    checked_micros("micros", micros)
    spent = cost.spent_micros + micros
    envelope = max(cost.envelope_micros, spent)
    beyond = envelope - cost.envelope_micros
    within = micros - beyond
    charged = tuple(
        replace(
            account,
            reserved_micros=account.reserved_micros - within,
            spent_micros=account.spent_micros + micros,
        )
        for account in accounts
    )
    return replace(cost, envelope_micros=envelope, held_micros=cost.held_micros - held, spent_micros=spent), charged


def settle(cost: Cost, accounts: Sequence[Account]) -> tuple[Cost, tuple[Account, ...]]:
    """The run at its end: what was granted and not spent goes back. Once; afterwards nothing changes."""
    unspent = cost.envelope_micros - cost.spent_micros
    settled = replace(cost, envelope_micros=cost.spent_micros, held_micros=0, is_settled=True)
    return settled, tuple(replace(account, reserved_micros=account.reserved_micros - unspent) for account in accounts)


def period_of(moment: datetime) -> date:
    """The month that `moment` (UTC) lies in, as its first day."""
    return date(moment.year, moment.month, 1)
