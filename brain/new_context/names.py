"""The names of a new context and of what it owns, in every form in which they are written."""

import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["ContextNames", "NameRefused", "NewContextError"]

_CONTEXT = re.compile(r"[a-z][a-z0-9]{2,19}(_[a-z0-9]+)?")
_ENTITY = re.compile(r"([A-Z][a-z0-9]+)+")
_MAX_LETTERS = 20
_TAKEN = frozenset({"public", "information_schema", "brain", "router", "resolvers", "subgraphs", "vault", "turns"})


class NewContextError(Exception):
    """A context that cannot be made; the message says why."""


class NameRefused(NewContextError):
    """A name that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ContextNames:
    """The names of one context.

    Attributes:
        context: `campaigns`; its package, schema, scopes and address.
        entity: `PriceList`; the type that it owns.
        plural: `price_lists`; the table, and in camel case the list field.
    """

    context: str
    entity: str
    plural: str

    @classmethod
    def of(
        cls, context: str, entity: str | None, plural: str | None, *, contexts: Collection[str], types: Collection[str]
    ) -> "ContextNames":
        """The names, checked.

        Args:
            entity: by default the context's name without its last "s".
            plural: by default the entity's with an "s".
            contexts: that there are.
            types: names of the graph's types that there are.

        Raises:
            NameRefused: one is not of the right form, or taken.
        """
        if _CONTEXT.fullmatch(context) is None or keyword.iskeyword(context) or context.startswith("pg_"):
            raise NameRefused(f"{context!r} is no name for a context: 3 to 20 lower-case letters, as in campaigns.")
        if context in contexts or context in _TAKEN:
            raise NameRefused(f"There is a {context!r} already.")
        chosen = entity or "".join(part.capitalize() for part in context.removesuffix("s").split("_"))
        if _ENTITY.fullmatch(chosen) is None or len(chosen) > _MAX_LETTERS:
            raise NameRefused(f"{chosen!r} is no name for a type: at most {_MAX_LETTERS} letters, as in PriceList.")
        if chosen in types:
            raise NameRefused(f"The graph has a type {chosen!r} already; name another with --entity.")
        names = cls(context, chosen, plural or f"{_snake(chosen)}s")
        if not names.plural.isidentifier() or not names.plural.islower() or len(names.plural) > _MAX_LETTERS + 4:
            raise NameRefused(f"{names.plural!r} is no name for a table: lower-case letters, as in price_lists.")
        if names.plural == names.one or keyword.iskeyword(names.one) or keyword.iskeyword(names.plural):
            raise NameRefused(f"{names.plural!r} cannot be the plural of {names.one!r}; name another with --plural.")
        return names

    @property
    def one(self) -> str:
        """The entity in snake case."""
        return _snake(self.entity)

    def written(self) -> dict[str, str]:
        """Each placeholder of the template, and what stands in its place."""
        words = self.one.replace("_", " ")
        article = "an" if words[0] in "aeiou" else "a"
        return {
            "context": self.context,
            "Title": self.context.replace("_", " ").capitalize(),
            "Entity": self.entity,
            "ENTITY": self.one.upper(),
            "entity": self.one,
            "entities": self.plural,
            "entityCamel": _camel(self.one),
            "entitiesCamel": _camel(self.plural),
            "words": words,
            "an": article,
            "An": article.capitalize(),
        }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
