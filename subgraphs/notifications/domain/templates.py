"""Texts with places to fill: `{{ title }}`, and nothing else. Values are put in once and never read again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from resolvers.values import checked_text
from subgraphs.notifications.domain.errors import TextInvalid
from subgraphs.notifications.domain.kinds import KINDS, NotificationKind
from subgraphs.notifications.domain.texts import Text

__all__ = ["SECRET", "SECRET_MARK", "TENANT_URL", "Rendered", "as_html", "checked_template", "rendered"]

SECRET: Final = "code"  # noqa: S105 - the name of a placeholder
TENANT_URL: Final = "tenantUrl"
SECRET_MARK: Final = "\ue000"  # noqa: S105 - where one is put
"""Stands where the secret belongs until the message is sent; taken out of everything else."""

_MAX_SUBJECT: Final = 200
_MAX_BODY: Final = 10_000
_MAX_VALUE: Final = 500
_PLACE: Final = re.compile(r"\{\{\s*([A-Za-z]+)\s*\}\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ue000]+")
_SCHEME: Final = re.compile(r"(?<=[a-z]):(?=//)", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as a person reads it."""

    subject: str
    body: str


def checked_template(kind: NotificationKind, subject: str, body: str) -> Text:
    """A tenant's own text.

    Raises:
        InvalidValue: too long, or with characters that cannot be stored.
        TextInvalid: it asks for what there is not, or leaves out the code that it is sent for.
    """
    checked = Text(
        _one_line("subject", checked_text("subject", subject, _MAX_SUBJECT)), checked_text("body", body, _MAX_BODY)
    )
    spec = KINDS[kind]
    allowed = {*spec.placeholders, TENANT_URL}
    _check("subject", checked.subject, allowed)
    used = _check("body", checked.body, allowed | ({SECRET} if spec.secret else set()))
    if spec.secret and SECRET not in used:
        raise TextInvalid("body", "must have {{ code }}: it is what the message is sent for")
    return checked


def rendered(text: Text, values: Mapping[str, str]) -> Rendered:
    """A text filled in; what has no value is left empty, and `code` is `SECRET_MARK`.

    An address in a value is shown as `https[:]//…`: others type titles and names, and what they type must not become
    a link in a message that the tenant sends. The tenant's own address stays one.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] == SECRET:
            return SECRET_MARK
        shown = _CONTROL.sub(" ", values.get(match[1], ""))
        return (shown if match[1] == TENANT_URL else _SCHEME.sub("[:]", shown))[:_MAX_VALUE]

    subject = _PLACE.sub(value, text.subject).replace(SECRET_MARK, "")
    return Rendered(subject[: _MAX_SUBJECT + _MAX_VALUE].strip(), _PLACE.sub(value, text.body).strip())


def as_html(body: str) -> str:
    """A filled-in text as simple HTML: paragraphs, lines and links; everything else is shown as it was typed."""
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", body))
    shown = "".join(f"<p>{_lines(part)}</p>" for part in paragraphs if part)
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{shown}</body></html>'


def _lines(paragraph: str) -> str:
    parts, after = [], 0
    for link in _LINK.finditer(paragraph):
        address = escape(link[0], quote=True)
        parts += [escape(paragraph[after : link.start()]), f'<a href="{address}">{address}</a>']
        after = link.end()
    return "".join([*parts, escape(paragraph[after:])]).replace("\n", "<br>")


def _one_line(field: str, text: str) -> str:
    if _CONTROL.search(text):
        raise TextInvalid(field, "must be one line")
    return text


def _check(field: str, source: str, allowed: set[str]) -> set[str]:
    used = {match[1] for match in _PLACE.finditer(source)}
    for name in sorted(used - allowed):
        raise TextInvalid(field, f"asks for {{{{ {name} }}}}; there are {', '.join(sorted(allowed))}")
    rest = _PLACE.sub("", source)
    if "{{" in rest or "}}" in rest or SECRET_MARK in rest:
        raise TextInvalid(field, "has braces that are no placeholder: write {{ name }}")
    return used
