"""Definitions of what specifications define: a subgraph may repeat them, but not otherwise than specified."""

from collections.abc import Collection, Iterator

from router.composition.definitions import BUILT_IN_SCALARS, DirectiveSpec
from router.composition.links import Names
from router.composition.model import DirectiveDef, InputValue, Missing, base_type

__all__ = ["definition_problems", "is_ignored_definition", "link_definition_problems", "unknown_types"]

_LINK_ARGUMENTS = {"url": "String", "as": "String", "for": "link__Purpose", "import": "[link__Import]"}
_SPECIFIED_SCALARS = frozenset({"FieldSet", "Scope", "Policy", "ContextFieldValue"})


def unknown_types(definition: DirectiveDef, defined: Collection[str]) -> Iterator[str]:
    """Yields types of arguments that the document does not define: a link does not bring them early enough."""
    for argument in definition.arguments.values():
        base = base_type(argument.type)
        if base not in BUILT_IN_SCALARS and base not in defined:
            yield base


def is_ignored_definition(names: Names, definition: DirectiveDef) -> bool:
    """Whether Federation 1 took the definition of one of its directives for what it is, though it is wrong."""
    if not names.is_fed1 or definition.name not in {"key", "requires", "provides"}:
        return False
    types = [(a.name, a.type) for a in definition.arguments.values()]
    return not types or types in [[("fields", type_)] for type_ in ("String", "_FieldSet", "FieldSet")]


def definition_problems(
    names: Names, definition: DirectiveDef, spec: DirectiveSpec, scalars: Collection[str]
) -> Iterator[str]:
    """Yields in what a definition differs from the specified one, as the end of a sentence.

    Args:
        scalars: those that the document defines.
    """
    known = {a.name: a for a in spec.arguments}
    for specified in spec.arguments:
        argument = definition.arguments.get(specified.name)
        expected = _local(names, definition.name, specified.type)
        if argument is None:
            if expected.endswith("!") and isinstance(specified.default, Missing):
                yield f'lacks the argument "{specified.name}"'
        elif not _fits(expected, argument, scalars):
            yield f'has type "{argument.type}" for argument "{specified.name}" where "{expected}" is expected'
        elif not argument.type.endswith("!") and not _same(argument.default, specified.default):
            yield f'has another default value for argument "{specified.name}"'
    yield from (f'has an unknown argument "{name}"' for name in definition.arguments if name not in known)
    yield from (f"cannot be on {location}" for location in definition.locations if location not in spec.locations)
    if definition.repeatable and not spec.repeatable:
        yield "cannot be repeatable"


def link_definition_problems(definition: DirectiveDef, scalars: Collection[str]) -> Iterator[str]:
    """Yields in what a definition of `@link` differs from the specified one."""
    for argument in definition.arguments.values():
        expected = _LINK_ARGUMENTS.get(argument.name)
        if expected is None:
            yield f'has an unknown argument "{argument.name}"'
        elif not _fits(expected, argument, scalars, custom=("link__Import",)):
            yield f'has type "{argument.type}" for argument "{argument.name}" where "{expected}" is expected'
    if set(definition.locations) - {"SCHEMA"}:
        yield "can only be on SCHEMA"


def _local(names: Names, directive: str, type_: str) -> str:
    """The specified type under its name in the subgraph."""
    base = base_type(type_)
    if base not in _SPECIFIED_SCALARS:
        return type_
    owner = names.features.owner_of_directive(directive)
    return type_.replace(base, owner.type(base) if owner is not None else f"_{base}")


def _fits(expected: str, argument: InputValue, scalars: Collection[str], custom: Collection[str] | None = None) -> bool:
    given = argument.type if expected.endswith("!") else argument.type.removesuffix("!")
    return given == expected or _is_redefinition(expected, given, scalars, custom)


def _is_redefinition(expected: str, given: str, scalars: Collection[str], custom: Collection[str] | None) -> bool:
    """Whether the type stands for a scalar of a specification, which takes any value."""
    if expected.endswith("!"):
        return given.endswith("!") and _is_redefinition(expected[:-1], given[:-1], scalars, custom)
    if expected.startswith("["):
        return given.startswith("[") and _is_redefinition(expected[1:-1], given[1:-1], scalars, custom)
    is_custom = expected not in BUILT_IN_SCALARS if custom is None else expected in custom
    return is_custom and given not in scalars


def _same(left: object, right: object) -> bool:
    return (isinstance(left, Missing) and isinstance(right, Missing)) or left == right
