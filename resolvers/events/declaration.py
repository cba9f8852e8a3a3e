"""What an event is: a frozen dataclass with a name, a version, and the field that says what it is about."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

__all__ = ["Declaration", "declaration_of", "declared_in", "event"]

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What `event` was told about a class.

    Attributes:
        name: `<context>.<what has happened>`.
        version: of its fields, from 1.
        about: the field that names the aggregate; events about the same one are delivered in the order of commits.
        adapter: reads and writes its fields as JSON.
    """

    name: str
    version: int
    about: str
    adapter: TypeAdapter[Any]


_declared: dict[type[Any], Declaration] = {}


def event(name: str, *, version: int, about: str) -> Callable[[type[T]], type[T]]:
    """Makes a frozen dataclass an event.

    Args:
        name: `<context>.<what has happened>`, in the past tense: `directory.review_posted`.
        version: another one for every change that `schemas.incompatibilities` refuses.
        about: the field with the aggregate's id.

    Raises:
        TypeError: the class is no frozen dataclass, or has no such field; the name is not of that form.
    """

    def declare(cls: type[T]) -> type[T]:
        parameters = getattr(cls, "__dataclass_params__", None)
        if not is_dataclass(cls) or parameters is None or not parameters.frozen:
            raise TypeError(f"{cls.__name__} must be a frozen dataclass")
        if _NAME.fullmatch(name) is None:
            raise TypeError(f"{name!r} is not of the form context.what_has_happened")
        if about not in {field.name for field in fields(cls)}:
            raise TypeError(f"{cls.__name__} has no field {about!r}")
        _declared[cls] = Declaration(name, version, about, TypeAdapter(cls))
        return cls

    return declare


def declaration_of(cls: type[Any]) -> Declaration:
    """What was declared about a class.

    Raises:
        TypeError: nothing.
    """
    try:
        return _declared[cls]
    except KeyError:
        raise TypeError(f"{cls.__name__} is no event: decorate it with resolvers.events.declaration.event") from None


def declared_in(module: ModuleType) -> list[Declaration]:
    """The events that a module declares, by name and version."""
    found = [
        declared for cls, declared in _declared.items() if cls.__module__ == module.__name__ and cls in _values(module)
    ]
    return sorted(found, key=lambda declared: (declared.name, declared.version))


def _values(module: ModuleType) -> list[Any]:
    return [value for value in vars(module).values() if isinstance(value, type)]
