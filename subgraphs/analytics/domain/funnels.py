"""Funnels: how many of those who took a first step took the next ones.

A subject has come to step n if it took the first step in the period, and then steps 2 to n in their order, each after
the one before, all of them no later than `within` after the first. Whoever takes the first step more than once is
counted by the time that brings them furthest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from resolvers.errors import BadUserInput
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.errors import UnknownEvent, UnknownSubject, UnknownTrait
from subgraphs.analytics.domain.periods import Period

__all__ = ["EVENTS", "Event", "Funnel", "Step", "funnel"]

_FEWEST, _MOST = 2, 8
_LONGEST = timedelta(days=366)
_MAX_HOURS = 366 * 24


@dataclass(frozen=True, slots=True)
class Event:
    """What a step can be.

    Attributes:
        subjects: the kinds of those whom it is of.
        traits: what it can be narrowed down by.
    """

    subjects: tuple[str, ...]
    traits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """An event; with a trait, only if that has the value."""

    event: str
    trait: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """What is asked.

    Attributes:
        subject: the kind of those who are counted.
        period: of the first step.
        within: from the first step to the last.
    """

    subject: str
    steps: tuple[Step, ...]
    period: Period
    within: timedelta


def _events() -> Mapping[str, Event]:
    found: dict[str, Event] = {}
    for rule in sorted(RULES.values(), key=lambda each: (each.event, each.version)):
        if rule.subjects:
            known = found.get(rule.event, Event((), ()))
            found[rule.event] = Event(
                tuple(sorted({*known.subjects, *rule.subjects})), tuple(sorted({*known.traits, *rule.traits}))
            )
    return found


EVENTS: Final = _events()
"""All that steps can be, by name; of all versions of an event together."""


def funnel(subject: str, steps: Sequence[Step], period: Period, within_hours: int) -> Funnel:
    """A funnel that can be counted.

    Raises:
        UnknownEvent, UnknownSubject, UnknownTrait: there is none such.
        BadUserInput: it has too few or too many steps, or too long a time.
    """
    if not _FEWEST <= len(steps) <= _MOST:
        raise BadUserInput(f"A funnel has {_FEWEST} to {_MOST} steps.", path=("input", "steps"))
    if not 1 <= within_hours <= _MAX_HOURS:
        raise BadUserInput(f"`withinHours` is from 1 to {_MAX_HOURS}.", path=("input", "withinHours"))
    if period.last - period.first > _LONGEST:
        raise BadUserInput(f"The period of a funnel has at most {_LONGEST.days} days.", path=("input", "period"))
    for step in steps:
        event = EVENTS.get(step.event)
        if event is None:
            raise UnknownEvent(f"No event {step.event[:100]!r} is counted; `funnelEvents` lists what is.")
        if (step.trait is None) != (step.value is None):
            raise BadUserInput("Give a trait and its value, or neither.", path=("input", "steps"))
        if step.trait is not None and step.trait not in event.traits:
            raise UnknownTrait(f"Traits of {step.event}: {', '.join(event.traits) or 'none'}.")
        if step.value is not None and "\0" in step.value:
            raise BadUserInput("A value has no null characters.", path=("input", "steps"))
    common = set.intersection(*(set(EVENTS[step.event].subjects) for step in steps))
    if subject not in common:
        raise UnknownSubject(f"The steps have these subjects in common: {', '.join(sorted(common)) or 'none'}.")
    return Funnel(subject, tuple(steps), period, timedelta(hours=within_hours))
