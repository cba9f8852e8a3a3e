"""Estimates an operation in normal form: its duplicates are merged, its fragments spread by type."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from graphql import (
    FieldNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    parse,
    value_from_ast_untyped,
)

from router.graph.selections import Selection, SelectionField
from router.graph.supergraph import Supergraph
from router.graph.supergraph.costs import CostRules, InputCost, ListSize
from router.planner.cost import InputTerm, Most, OperationCost, Slicing, Step, Sum, Term, input_cost
from router.planner.normalize import NormalizedOperation

__all__ = ["MUTATION_COST", "estimate_cost"]

MUTATION_COST = 10.0
"""Of a mutation, whatever it selects."""
OBJECT_COST = 1.0
"""Of an object whose type has no weight; a scalar costs nothing."""

Length = float | Slicing
Sized = tuple[tuple[str, Length], ...]
"""Fields below whose lists' lengths are known, with these."""


class Value(NamedTuple):
    """A constant, and a step whose value is added to it; -1: none."""

    constant: float
    step: int = -1


def estimate_cost(operation: NormalizedOperation, supergraph: Supergraph, list_size_default: float) -> OperationCost:
    """What an operation costs at most, if lists are no longer than they are said to be.

    Args:
        list_size_default: length of lists that have no `@listSize`.
    """
    estimator = _Estimator(supergraph.costs, list_size_default, _defaults(operation.variables))
    value = estimator.fields(operation.root_type, operation.selection.fields_of(operation.root_type), ())
    base = MUTATION_COST if operation.type == "mutation" else 0.0
    return OperationCost(base + value.constant, tuple(estimator.steps), tuple(dict.fromkeys(estimator.slicings)))


class _Estimator:
    def __init__(self, rules: CostRules, list_size_default: float, defaults: Mapping[str, ValueNode]) -> None:
        self.rules = rules
        self.list_size_default = float(list_size_default)  # settings have whole numbers
        self.defaults = defaults
        self.steps: list[Step] = []
        self.slicings: list[Slicing] = []
        self._known: dict[tuple[int, float | None, Sized], Value] = {}

    def selection(self, selection: Selection, weight: float | None, sized: Sized) -> Value:
        """One object.

        Args:
            weight: of the object; None: that of its type.
        """
        key = selection.id, weight, sized
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._selection(selection, weight, sized)
        return known

    def _selection(self, selection: Selection, weight: float | None, sized: Sized) -> Value:
        most: dict[int, float] = {}
        for type_name in selection.by_type or (selection.type,):
            inner = self.fields(type_name, selection.fields_of(type_name), sized)
            own = self.rules.types.get(type_name, OBJECT_COST) if weight is None else weight
            most[inner.step] = max(most.get(inner.step, inner.constant + own), inner.constant + own)
        if len(most) == 1:
            ((step, constant),) = most.items()
            return Value(constant, step)
        return self._step(Most(tuple((constant, step) for step, constant in most.items())))

    def fields(self, type_name: str, fields: tuple[SelectionField, ...], sized: Sized) -> Value:
        """What is selected of an object of this type."""
        constant = 0.0
        terms: list[Term | InputTerm] = []
        lengths = dict(sized)
        for field in fields:
            if not field.response_key or field.name.startswith("__") or field.denied:
                continue
            key = type_name, field.name
            rule, costly = self.rules.list_sizes.get(key), self.rules.arguments.get(key)
            arguments = _arguments(field.arguments) if field.arguments and (rule or costly) else {}
            said = None if rule is None else self._said(rule, arguments)
            inner = self._inner(field, self.rules.fields.get(key), rule, said)
            own = lengths.get(field.name)
            if own is None and said is not None and rule is not None and not rule.sized:
                own = said
            length = self._length(field, own)
            parts: list[Term | InputTerm] = [Term(field.conditions, length, *inner)]
            for name, value in arguments.items() if costly else ():
                if costly is not None and name in costly:
                    parts += self._input(field, value, costly[name])
            for part in parts:
                if isinstance(part, Term) and _is_constant(part):
                    constant += part.value([], {})
                else:
                    terms.append(part)
        if not terms:
            return Value(constant)
        return self._step(Sum(constant, tuple(terms)))

    def _inner(self, field: SelectionField, weight: float | None, rule: ListSize | None, said: Length | None) -> Value:
        if field.selection is None:
            return Value(self.rules.types.get(field.type.name, 0.0) if weight is None else weight)
        below = () if rule is None or said is None else tuple((name, said) for name in rule.sized)
        return self.selection(field.selection, weight, below)

    def _step(self, step: Step) -> Value:
        self.steps.append(step)
        return Value(0.0, len(self.steps) - 1)

    # ---- lengths ----------------------------------------------------------------------------------------------------

    def _length(self, field: SelectionField, said: Length | None) -> Length:
        depth = field.type.list_depth
        if not depth:
            return 1.0
        times = self.list_size_default ** (depth - 1)
        if said is None:
            return self.list_size_default * times
        if isinstance(said, float):
            return said * times
        return replace(said, times=times)

    def _said(self, rule: ListSize, arguments: Mapping[str, ValueNode]) -> Length:
        """What a rule says about a field with these arguments."""
        literals: list[int] = []
        defaults: list[int] = []
        variables: list[tuple[str, int | None]] = []
        for name, default in rule.slicing:
            node = arguments.get(name)
            if isinstance(node, VariableNode):
                variables.append((node.name.value, default))
            elif isinstance(node, IntValueNode):
                literals.append(int(node.value))
            elif node is None and default is not None:
                defaults.append(default)
        otherwise = self.list_size_default if rule.assumed is None else float(rule.assumed)
        slicing = Slicing(
            rule.coordinate,
            tuple(name for name, _ in rule.slicing),
            max([*literals, *defaults], default=None),
            len(literals),
            len(defaults),
            tuple(variables),
            otherwise,
            1.0,
            rule.requires_one and bool(rule.slicing),
        )
        if slicing.requires_one and (variables or not slicing.is_clear({})):
            self.slicings.append(slicing)
        return slicing if variables else slicing.length({})

    # ---- arguments --------------------------------------------------------------------------------------------------

    def _input(self, field: SelectionField, node: ValueNode, cost: InputCost) -> list[Term | InputTerm]:
        """What an argument, or a part of one, is worth."""
        if isinstance(node, VariableNode):
            name = node.name.value
            default = self.defaults.get(name)
            otherwise = 0.0 if default is None else input_cost(value_from_ast_untyped(default), cost, self.rules)
            return [InputTerm(field.conditions, name, cost, otherwise, self.rules)]
        if isinstance(node, ListValueNode):
            return [part for each in node.values for part in self._input(field, each, cost)]
        if isinstance(node, NullValueNode):
            return []
        found: list[Term | InputTerm] = [Term(field.conditions, 1.0, self._own(cost), -1)]
        fields = self.rules.inputs.get(cost.type)
        if fields is not None and isinstance(node, ObjectValueNode):
            for each in node.fields:
                if each.name.value in fields:
                    found += self._input(field, each.value, fields[each.name.value])
        return found

    def _own(self, cost: InputCost) -> float:
        return input_cost({} if cost.type in self.rules.inputs else 0, cost, self.rules)


def _is_constant(term: Term) -> bool:
    return not term.conditions and isinstance(term.length, float) and term.step < 0


def _arguments(printed: str) -> dict[str, ValueNode]:
    (operation,) = parse(f"{{ f{printed} }}", no_location=True).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return {argument.name.value: argument.value for argument in field.arguments or ()}


def _defaults(definitions: Mapping[str, str]) -> dict[str, ValueNode]:
    """The default values of variables, from their printed definitions."""
    printed = [definition for definition in definitions.values() if " = " in definition]
    if not printed:
        return {}
    (operation,) = parse(f"query ({', '.join(printed)}) {{ f }}", no_location=True).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return {
        each.variable.name.value: each.default_value
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }
