"""Merging entities into the objects of the tree that they are parts of."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.executor.documents import Shape
from router.executor.keyed import Keyed, merge_keyed
from router.executor.representations import Owners, Target
from router.executor.writes import MergeRule

__all__ = ["arrange", "deep_merge", "merge_entities"]


def merge_entities(rule: MergeRule, owners: Owners | Keyed, entities: Sequence[Any], moves: Sequence[str] = ()) -> bool:
    """Merge entities into their targets; return whether all were objects or null, as they must be.

    Args:
        moves: keys that each target, as far as it has them, then has behind all others, in this order.
    """
    is_sound = True
    is_simple = rule.is_disjoint and not rule.unshared
    if isinstance(owners, Keyed):
        if is_simple and merge_keyed(owners, entities, moves):
            return True
        owners = owners.groups()
    if is_simple:
        for group, entity in zip(owners, entities, strict=True):
            if entity.__class__ is dict:
                for target in group:
                    target.update(entity)
                    for key in moves:
                        if key in target:
                            target[key] = target.pop(key)
            elif entity is not None:
                is_sound = False
        return is_sound
    for group, entity in zip(owners, entities, strict=True):
        if entity.__class__ is dict:
            _merge_apart(rule, group, entity)
        elif entity is not None:
            is_sound = False
    if moves:
        _move(owners, moves)
    return is_sound


def _move(owners: Owners, keys: Sequence[str]) -> None:
    for group in owners:
        for target in group:
            for key in keys:
                if key in target:
                    target[key] = target.pop(key)


def arrange(owners: Owners | Keyed, wholes: Mapping[int, Sequence[Mapping[str, None]]]) -> None:
    """Put the keys of targets that are complete in order.

    Args:
        wholes: what complete targets have: all keys in order, by their number. Others are left as they are.
    """
    for target in owners.targets if isinstance(owners, Keyed) else [each for group in owners for each in group]:
        for whole in wholes.get(len(target), ()):
            filled = {**whole, **target}
            if len(filled) == len(whole):
                target.clear()
                target.update(filled)
                break


def _merge_apart(rule: MergeRule, group: Sequence[Target], entity: dict[str, Any]) -> None:
    """Merge an entity into targets that have keys in common with it, or may not share what it holds."""
    if not rule.is_disjoint:
        for target in group[1:]:
            deep_merge(target, _copied(entity, rule.shape), rule.shape)
        deep_merge(group[0], entity, rule.shape)
        return
    for target in group[1:]:
        target.update(entity)
        for key in rule.unshared & entity.keys():
            target[key] = _copied(entity[key], rule.shape[key].children)
    group[0].update(entity)


def deep_merge(target: Target, addition: Mapping[str, Any], shape: Shape) -> None:
    """Merge an object into another: null never replaces a value, objects merge, lists of one length merge item by
    item, everything else replaces. Only keys that the shape knows as composite are looked into.
    """
    for key, value in addition.items():
        if value is None:
            target.setdefault(key, None)
            continue
        written = shape.get(key)
        if written is None or written.children is None:
            target[key] = value
        else:
            target[key] = _merged(target.get(key), value, written.children)


def _merged(present: Any, value: Any, shape: Shape) -> Any:
    if isinstance(present, dict) and isinstance(value, dict):
        deep_merge(present, value, shape)
        return present
    if isinstance(present, list) and isinstance(value, list) and len(present) == len(value):
        for index, item in enumerate(value):
            if item is not None:
                present[index] = _merged(present[index], item, shape)
        return present
    return value


def _copied(value: Any, shape: Shape | None) -> Any:
    """Copy the containers of a composite value; leaves stay shared."""
    if shape is None:
        return value
    if value.__class__ is dict:
        copy = value.copy()
        for key, written in shape.items():
            if written.children is not None and key in copy:
                copy[key] = _copied(copy[key], written.children)
        return copy
    return [_copied(item, shape) for item in value] if value.__class__ is list else value
