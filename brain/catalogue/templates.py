"""Fills in the templates of descriptors. Values never change the shape of what they are put into."""

import base64
import re
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

__all__ = ["arguments_of", "fill", "fill_path", "fill_text", "names"]

_PLACEHOLDER = re.compile(r"\{([a-z][A-Za-z0-9_]*)\}")
_OMIT = object()
_MESSAGE = "$message"


def names(template: str) -> tuple[str, ...]:
    """The names in `{...}` of a text template, in order."""
    return tuple(_PLACEHOLDER.findall(template))


def arguments_of(template: Any) -> Iterator[str]:
    """The arguments that a template of a query or a body uses (`$name`, and `{name}` within texts)."""
    if isinstance(template, Mapping):
        for value in template.values():
            yield from arguments_of(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from arguments_of(value)
    elif isinstance(template, str):
        if template.startswith("$"):
            yield template[1:]
        else:
            yield from names(template)


def fill_text(template: str, values: Mapping[str, Any]) -> str:
    """The text with each `{name}` replaced.

    Raises:
        KeyError: a name has no value.
    """
    return _PLACEHOLDER.sub(lambda match: _plain(values[match[1]]), template)


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """The path with each `{name}` replaced by its value, escaped: it stays one segment.

    Raises:
        KeyError: a name has no value.
        ValueError: a value is empty or would go up in the path.
    """

    def segment(match: re.Match[str]) -> str:
        value = _plain(values[match[1]])
        if value in {"", ".", ".."}:
            raise ValueError(f"{match[1]} must not be {value!r}")
        return quote(value, safe="")

    return _PLACEHOLDER.sub(segment, template)


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with arguments in their places; entries whose argument was not given are left out.

    A mapping `{$message: {to, subject, text}}` becomes an e-mail in base64url, as Gmail wants it.
    """
    result = _fill(template, values)
    return None if result is _OMIT else result


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        if template.startswith("$"):
            return values.get(template[1:], _OMIT)
        used = names(template)
        return (
            (_OMIT if any(name not in values for name in used) else fill_text(template, values)) if used else template
        )
    if isinstance(template, Mapping):
        if _MESSAGE in template:
            return _message(fill(template[_MESSAGE], values))
        filled = {key: _fill(value, values) for key, value in template.items()}
        kept = {key: value for key, value in filled.items() if value is not _OMIT}
        return kept if kept or not filled else _OMIT
    if isinstance(template, list | tuple):
        items = [item for item in (_fill(item, values) for item in template) if item is not _OMIT]
        return items if items or not template else _OMIT
    return template


def _message(parts: Mapping[str, Any]) -> str:
    message = EmailMessage()
    for header in ("to", "cc", "subject"):
        if header in parts:
            message[header.title()] = str(parts[header])  # a line break in it is refused by the library
    message.set_content(str(parts["text"]))
    return base64.urlsafe_b64encode(message.as_bytes()).decode()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
