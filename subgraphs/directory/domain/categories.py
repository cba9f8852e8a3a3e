"""The tree of categories: few levels, no circles, names in several languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from subgraphs.directory.domain.errors import CategoryCycle, CategoryTooDeep, InvalidCategory, TooManyCategories
from subgraphs.directory.domain.listings import MAX_NAME

MAX_DEPTH: Final = 6
"""Levels, the top one included."""
MAX_CHILDREN: Final = 200
"""Of one category, and at the top."""
MAX_TRANSLATIONS: Final = 20

Tree = Mapping[UUID, UUID | None]
"""Each category's parent; None at the top."""


def check_place(tree: Tree, parent: UUID | None, moved: UUID | None = None) -> None:
    """Lets a category be put below `parent`, or at the top.

    Args:
        tree: all categories, as they are.
        parent: one of them, or None.
        moved: the one that is put there; None is a new one, which has none below it.

    Raises:
        CategoryCycle: `parent` is the moved one, or below it.
        CategoryTooDeep: there would be more than `MAX_DEPTH` levels.
        TooManyCategories: there are enough beside it.
    """
    above = _path(tree, parent)
    if moved is not None and moved in above:
        raise CategoryCycle
    if len(above) + (1 if moved is None else _height(tree, moved)) > MAX_DEPTH:
        raise CategoryTooDeep
    if sum(each == parent for key, each in tree.items() if key != moved) >= MAX_CHILDREN:
        raise TooManyCategories


def category_translations(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names by language (`de`, `pt`), trimmed.

    Raises:
        InvalidCategory: a language is no two or three letters or is given twice, or a name is empty or too long.
    """
    found: dict[str, str] = {}
    for language, name in given:
        code, trimmed = language.strip().lower(), " ".join(name.split())
        if not re.fullmatch(r"[a-z]{2,3}", code) or code in found:
            raise InvalidCategory("a language is two or three letters, each once", path=("translations",))
        if not 1 <= len(trimmed) <= MAX_NAME or "\0" in trimmed:
            raise InvalidCategory(f"a name has 1 to {MAX_NAME} characters", path=("translations",))
        found[code] = trimmed
    if len(found) > MAX_TRANSLATIONS:
        raise InvalidCategory(f"at most {MAX_TRANSLATIONS} languages", path=("translations",))
    return found


def name_in(name: str, translations: Mapping[str, str], locale: str | None) -> str:
    """The name in the language of a BCP 47 locale, or else the name that it has."""
    return translations.get((locale or "").replace("_", "-").split("-")[0].lower(), name)


def _path(tree: Tree, start: UUID | None) -> list[UUID]:
    """A category and all above it."""
    path: list[UUID] = []
    while start is not None and start not in path:
        path.append(start)
        start = tree.get(start)
    return path


def _height(tree: Tree, top: UUID) -> int:
    """How many levels a category and those below it have."""
    return max(len(path) - path.index(top) for path in (_path(tree, key)[::-1] for key in tree) if top in path)
