"""Wire documents: the GraphQL text of each request, valid against the subgraph's own schema."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.planner.plan import EntityCall
from router.planner.wire_selections import WireSelection

__all__ = [
    "EntitiesDocument",
    "EntityField",
    "entities_document",
    "root_document",
]


@dataclass(frozen=True, slots=True)
class EntityField:
    """One `_entities` field of a document.

    Attributes:
        response_key: `_entities`, or an alias of it where the document has several.
        variable: name of the variable for its representations.
        contexts: names of the variables for the call's context arguments, in their order.
    """

    response_key: str
    variable: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntitiesDocument:
    """A document that asks for entities, and where in it each call stands."""

    text: str
    fields: tuple[EntityField, ...]


def root_document(
    operation_type: str, operation_name: str | None, selection: WireSelection, definitions: Mapping[str, str]
) -> str:
    """Returns the document of a root fetch.

    Args:
        definitions: how the client defines each variable, such as `$first: Int = 5`.
    """
    declared = [definitions[name] for name in sorted(selection.variables)]
    head = _head(operation_type, operation_name, declared)
    return " ".join((f"{head} {{ {selection.text} }}", *selection.fragments))


def entities_document(
    operation_name: str | None, calls: Sequence[EntityCall], variables: Iterable[str], definitions: Mapping[str, str]
) -> EntitiesDocument:
    """Returns one document for several entity calls; a call may occur more than once.

    Args:
        variables: names of the client's variables that the calls use.
        definitions: how the client defines each of its variables.
    """
    taken = {*definitions, *(context.variable for call in calls for context in call.contexts)}
    used: set[str] = set()
    fields, declared, parts = [], [], []
    fragments: dict[str, None] = {}
    for number, call in enumerate(calls):
        alone = len(calls) == 1
        key, variable = ("_entities", "representations") if alone else (f"_e{number}", f"_r{number}")
        variable = _free(variable, taken)
        declared.append(f"${variable}: [_Any!]!")
        names = {}
        for context in call.contexts:
            name = context.variable if context.variable not in used else _free(f"{context.variable}_{number}", taken)
            used.add(name)
            declared.append(f"${name}: {context.type}")
            names[context.variable] = name
        fields.append(EntityField(key, variable, tuple(names.values())))
        alias = "" if alone else f"{key}: "
        selection = call.selection
        if any(old != new for old, new in names.items()):
            # What the variables are in is written once more, under other names.
            selection = _renamed(selection, names, f"_{number}")
            fragments.update(dict.fromkeys(_renamed(text, names, f"_{number}") for text in call.fragments))
        else:
            fragments.update(dict.fromkeys(call.fragments))
        parts.append(f"{alias}_entities(representations: ${variable}) {{ {selection} }}")
    declared.extend(definitions[name] for name in sorted(set(variables)))
    text = f"{_head('query', operation_name, declared)} {{ {' '.join(parts)} }}"
    return EntitiesDocument(" ".join((text, *fragments)), tuple(fields))


def _head(operation_type: str, operation_name: str | None, declared: Sequence[str]) -> str:
    head = operation_type + (f" {operation_name}" if operation_name else "")
    if declared:
        head += ("" if operation_name else " ") + "(" + ", ".join(declared) + ")"
    return head


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


_STRING_OR_NAME = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\]|\\.)*"|\$(\w+)|(fragment |\.\.\.)(\w+)', re.ASCII | re.DOTALL
)


def _renamed(text: str, variables: Mapping[str, str], suffix: str) -> str:
    """Gives variables other names, and all fragments a suffix."""

    def renamed(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f"${variables.get(match[1], match[1])}"
        return f"{match[2]}{match[3]}{suffix}" if match[3] is not None else match[0]

    return _STRING_OR_NAME.sub(renamed, text)
