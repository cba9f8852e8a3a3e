"""Forms: their questions, and what is a good answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from resolvers.errors import InvalidValue

__all__ = ["KNOWN", "Form", "FormQuestion", "by_known_names", "checked_answers", "checked_key"]

KNOWN: Final = ("name", "email", "phone", "company", "message")
"""Answers that have a name in the event; a question is one of them by its own name."""

_MAX_ANSWER: Final = 5000
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_KEY: Final = re.compile(r"[A-Za-z0-9_\-:.]{8,100}")
_YES: Final = frozenset({"true", "on", "yes", "1"})


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """A question.

    Attributes:
        name: in answers.
        kind: Wagtail's: singleline, multiline, email, number, url, checkbox, checkboxes, dropdown, multiselect, radio,
            date, datetime, hidden.
        choices: of which an answer is one, or several; empty where any text will do.
    """

    name: str
    label: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    help_text: str
    default: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is live."""

    id: int
    slug: str
    path: str
    questions: tuple[FormQuestion, ...]


def checked_key(key: str) -> str:
    """The sender's key.

    Raises:
        InvalidValue: it is not one.
    """
    if not _KEY.fullmatch(key):
        raise InvalidValue("idempotencyKey", "must have 8 to 100 letters, digits, dots, colons, hyphens or underscores")
    return key


def checked_answers(form: Form, answers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The answers by question, without empty ones.

    Raises:
        InvalidValue: there are none; one is missing, there twice, to no question, too long, or not as it was asked for.
    """
    questions = {question.name: question for question in form.questions}
    found: dict[str, str] = {}
    for name, value in answers:
        if name not in questions:
            raise InvalidValue("answers", f"has {name[:60]!r}, which is no question of this form")
        if name in found:
            raise InvalidValue("answers", f"has {name!r} twice")
        found[name] = _checked(questions[name], value.strip())
    for question in form.questions:
        if question.required and not found.get(question.name):
            raise InvalidValue("answers", f"lacks {question.name!r}, which is required")
    if "email" in questions and "name" in questions and not found.get("email"):
        raise InvalidValue("answers", "lacks 'email', without which nobody can answer")
    if not any(found.values()):
        raise InvalidValue("answers", "has none")
    return {name: value for name, value in found.items() if value}


def _checked(question: FormQuestion, value: str) -> str:
    if len(value) > _MAX_ANSWER:
        raise InvalidValue("answers", f"has more than {_MAX_ANSWER} characters in {question.name!r}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValue("answers", f"has characters in {question.name!r} that cannot be stored")
    if not value:
        return value
    problem = _problem(question, value)
    if problem is not None:
        raise InvalidValue("answers", f"has in {question.name!r} {problem}")
    return value


def _problem(question: FormQuestion, value: str) -> str | None:
    kind = "email" if question.name == "email" else question.kind
    if kind == "email":
        return None if len(value) <= 254 and _EMAIL.fullmatch(value) else "no e-mail address"
    if kind == "number":
        return None if re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value) else "no number"
    if kind == "url":
        return None if re.fullmatch(r"https?://[^\s/]+\S*", value) else "no address of a page"
    if kind in {"date", "datetime"}:
        try:
            (date if kind == "date" else datetime).fromisoformat(value)
        except ValueError:
            return f"no {kind} (ISO 8601)"
        return None
    if question.required and kind == "checkbox" and value.lower() not in _YES:
        return "no agreement"
    if kind in {"dropdown", "radio"}:
        return None if value in question.choices else "none of the choices"
    if kind in {"multiselect", "checkboxes"}:
        chosen = [each.strip() for each in value.split(",")]
        return None if set(chosen) <= set(question.choices) else "something that is none of the choices"
    return None


def by_known_names(answers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The answers that have a name of their own in the event, and the others."""
    known = {name: value for name, value in answers.items() if name in KNOWN}
    return known, {name: value for name, value in answers.items() if name not in KNOWN}
