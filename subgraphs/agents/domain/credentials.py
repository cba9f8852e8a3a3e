"""A tenant's credentials for an integration, held against what the catalogue says that it needs.

No message of this module has a value in it: what is wrong with a secret is said by its name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from resolvers.errors import BadUserInput

__all__ = ["checked_credentials"]

_MAX_CHARS: Final = 20_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def checked_credentials(wanted: Iterable[Mapping[str, Any]], given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The credentials by name, without surrounding blanks.

    Args:
        wanted: the catalogue's fields: `name`, `description`, `required` and perhaps `pattern`.
        given: names and values.

    Raises:
        BadUserInput: one is unknown, given twice, missing, or cannot be right.
    """
    fields = {str(field["name"]): field for field in wanted}
    found: dict[str, str] = {}
    for name, value in given:
        if name not in fields:
            raise _wrong(name[:100], f"is none of its credentials: {', '.join(fields)}")
        if name in found:
            raise _wrong(name, "is given twice")
        text = value.strip()
        pattern = fields[name].get("pattern")
        if len(text) > _MAX_CHARS:
            raise _wrong(name, f"must have at most {_MAX_CHARS} characters")
        if _CONTROL.search(text) or not _is_unicode(text):
            raise _wrong(name, "has characters that no credential has")
        if text and pattern is not None and not re.fullmatch(pattern, text):
            raise _wrong(name, f"cannot be right: it should be {fields[name]['description']}")
        found[name] = text
    for name, field in fields.items():
        if field["required"] and not found.get(name):
            raise _wrong(name, f"is missing: {field['description']}")
    return {name: value for name, value in found.items() if value}


def _wrong(name: str, problem: str) -> BadUserInput:
    return BadUserInput(f"{name} {problem.rstrip('.')}.", path=("input", "credentials", name))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
