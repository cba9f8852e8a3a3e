"""What an operation costs by estimate: a number, as far as it depends on no variable; else a few steps to it.

    a field      its lists' length x (its own weight + what is selected of one object) + its arguments
    an object    the most that any of its possible types costs

Steps are listed so that each needs only those before it: to evaluate them takes time that grows with the operation, not
with the paths through its fragments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from router.graph.selection_syntax import Conditions
from router.graph.supergraph.costs import CostRules, InputCost

__all__ = ["InputTerm", "Most", "OperationCost", "Slicing", "Step", "Sum", "Term", "input_cost"]

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Slicing:
    """How long the lists of a field are.

    Attributes:
        coordinate: of the field that has the arguments.
        names: of the arguments that say it.
        given: the largest that the document says, or that is a default; None if there is none.
        count: how many the document says.
        defaults: how many more have a default.
        variables: those in the arguments, each with what holds if it is not given.
        otherwise: the length if nothing says it.
        times: what it is multiplied by, for lists in lists.
        requires_one: whether exactly one of the arguments must be given.
    """

    coordinate: str
    names: tuple[str, ...]
    given: int | None
    count: int
    defaults: int
    variables: tuple[tuple[str, int | None], ...]
    otherwise: float
    times: float
    requires_one: bool

    def length(self, values: Values) -> float:
        """With these variables."""
        most = self.given
        for name, default in self.variables:
            value = values.get(name, default)
            if isinstance(value, int) and (most is None or value > most):
                most = value
        return (self.otherwise if most is None else max(most, 0)) * self.times

    def is_clear(self, values: Values) -> bool:
        """Whether as many arguments are given as must be."""
        if not self.requires_one:
            return True
        said = self.count + sum([values.get(name) is not None for name, _ in self.variables])
        if said:
            return said == 1
        return self.defaults + sum([d is not None and name not in values for name, d in self.variables]) == 1


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a sum.

    Attributes:
        step: whose value is added to `constant`; -1: none.
    """

    conditions: Conditions
    length: float | Slicing
    constant: float
    step: int

    def value(self, before: list[float], values: Values) -> float:
        if not all(bool(values.get(name)) is wanted for name, wanted in self.conditions):
            return 0.0
        length = self.length if isinstance(self.length, float) else self.length.length(values)
        return length * (self.constant + (before[self.step] if self.step >= 0 else 0.0))


@dataclass(frozen=True, slots=True)
class InputTerm:
    """What a variable is worth as an argument, or in one.

    Attributes:
        otherwise: if it is not given.
    """

    conditions: Conditions
    variable: str
    cost: InputCost
    otherwise: float
    rules: CostRules

    def value(self, _: list[float], values: Values) -> float:
        if not all(bool(values.get(name)) is wanted for name, wanted in self.conditions):
            return 0.0
        if self.variable not in values:
            return self.otherwise
        return input_cost(values[self.variable], self.cost, self.rules)


class Step(Protocol):
    """Computes a value from those of the steps before it."""

    def value(self, before: list[float], values: Values) -> float: ...


@dataclass(frozen=True, slots=True)
class Sum:
    """The fields of one type."""

    constant: float
    terms: tuple[Term | InputTerm, ...]

    def value(self, before: list[float], values: Values) -> float:
        return self.constant + sum([term.value(before, values) for term in self.terms])


@dataclass(frozen=True, slots=True)
class Most:
    """Of the possible types the one that costs most: a constant, and a step (-1: none) for each."""

    parts: tuple[tuple[float, int], ...]

    def value(self, before: list[float], _: Values) -> float:
        return max([constant + (before[step] if step >= 0 else 0.0) for constant, step in self.parts])


@dataclass(frozen=True, slots=True)
class OperationCost:
    """See the module.

    Attributes:
        constant: all of it, if there are no steps.
        slicings: those whose arguments may be given wrongly.
    """

    constant: float
    steps: tuple[Step, ...] = ()
    slicings: tuple[Slicing, ...] = ()

    def estimate(self, values: Values) -> float:
        """With these variables, which fit their types."""
        before: list[float] = []
        for step in self.steps:
            before.append(step.value(before, values))
        return max(0.0, self.constant + (before[-1] if before else 0.0))

    def unclear(self, values: Values) -> Slicing | None:
        """A field of which must be said how long its list is, and is not."""
        return next((each for each in self.slicings if not each.is_clear(values)), None)


def input_cost(value: Any, cost: InputCost, rules: CostRules) -> float:
    """What a value is worth at this place: each input object 1 and each scalar nothing, if they have no weight."""
    if value is None:
        return 0.0
    if isinstance(value, list):
        return sum([input_cost(each, cost, rules) for each in value])
    fields = rules.inputs.get(cost.type)
    weight = cost.weight if cost.weight is not None else rules.types.get(cost.type, 0.0 if fields is None else 1.0)
    if fields is None or not isinstance(value, dict):
        return weight
    return weight + sum([input_cost(each, fields[name], rules) for name, each in value.items() if name in fields])
