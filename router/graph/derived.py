"""What is made of a supergraph or schema once, and goes with it."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["derived"]

T = TypeVar("T")


def derived(owner: Any, name: str, make: Callable[[], T]) -> T:
    """What `make` made of `owner`, at the first call; kept in the owner's own dictionary, under a name of ours.

    A dictionary of weak references elsewhere would never let go of an owner that the value leads back to, as most do:
    a query graph knows its supergraph. Here the two are a cycle, which the garbage collector ends.

    Of threads that make it at the same time one's is kept.
    """
    kept = owner.__dict__
    key = f"_derived_{name}"
    found = kept.get(key)
    if found is None:
        found = kept.setdefault(key, make())
    return cast(T, found)
