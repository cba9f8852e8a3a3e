"""Reads a segment's filter: `company contains "coffee" and (orders >= 3 or lastOrderAt > 30 days ago)`.

    filter     = all ("or" all)*
    all        = some ("and" some)*
    some       = "not" some | "(" filter ")" | FIELD test
    test       = OPERATOR value | ["not"] "in" "(" value ("," value)* ")" | "is" ["not"] "set"
    value      = TEXT in quotes | NUMBER | DAY as 2026-01-31 | NUMBER "days" "ago"

Words are told apart by their place, whatever their case; fields and operators are those of `filter_nodes`. What is
read is data: no part of the text ever becomes a part of a statement.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from subgraphs.campaigns.domain.errors import (
    FilterInvalid,
    FilterSyntax,
    FilterTooDeep,
    FilterTooLong,
    FilterUnknownField,
    FilterWrongType,
)
from subgraphs.campaigns.domain.filter_nodes import (
    FIELDS,
    And,
    Comparison,
    DaysAgo,
    FieldKind,
    Filter,
    Is,
    Not,
    OneOf,
    Operator,
    Or,
    Value,
)

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_TERMS", "parse_filter"]

MAX_LENGTH: Final = 4000
MAX_DEPTH: Final = 16
MAX_TERMS: Final = 100
MAX_TEXT: Final = 200
MAX_NUMBER: Final = 10**12
MAX_DAYS: Final = 36_500

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r'|(?P<text>"(?:[^"\\\x00-\x1f]|\\["\\])*")'
    r"|(?P<day>\d{4}-\d{2}-\d{2})"
    r"|(?P<number>-?\d+)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<sign><=|>=|!=|[=<>(),])"
)
_ORDER: Final = {Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST}
_SAME: Final = {Operator.EQUAL, Operator.UNEQUAL}
_TESTS: Final = {
    FieldKind.TEXT: _SAME | {Operator.CONTAINS, Operator.BEGINS, Operator.ENDS},
    FieldKind.NUMBER: _SAME | _ORDER,
    FieldKind.MOMENT: _ORDER,
}
_OPERATORS: Final = {operator.value.lower(): operator for operator in Operator}
_FIELDS: Final = {name.lower(): name for name in FIELDS}
_EXAMPLES: Final = {
    FieldKind.TEXT: 'a text in quotes, such as "coffee"',
    FieldKind.NUMBER: "a whole number, such as 3",
    FieldKind.MOMENT: "a day, such as 2026-01-31, or as 30 days ago",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_filter(source: str) -> Filter:
    """The filter that a text stands for.

    Raises:
        FilterInvalid: it is none; the error says at which line and column, and what would be right there.
    """
    if len(source) > MAX_LENGTH:
        raise FilterTooLong(f"A filter has at most {MAX_LENGTH} characters", 1, 1)
    return _Parser(source).read()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._next = 0
        self._terms = 0
        self._tokens = self._split()

    def read(self) -> Filter:
        found = self._filter(0)
        token = self._token
        if token.kind != "end":
            raise self._error(token, f"'and', 'or' or the end was expected, not {_shown(token)}")
        return found

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _is(self, word: str) -> bool:
        return self._token.kind in ("word", "sign") and self._token.text.lower() == word

    def _accept(self, word: str) -> bool:
        found = self._is(word)
        if found:
            self._take()
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._error(self._token, f"'{word}' was expected, not {_shown(self._token)}")

    def _filter(self, depth: int) -> Filter:
        return self._chain(depth, "or", self._all, Or)

    def _all(self, depth: int) -> Filter:
        return self._chain(depth, "and", self._some, And)

    def _chain(
        self, depth: int, word: str, part: Callable[[int], Filter], kind: Callable[[tuple[Filter, ...]], Filter]
    ) -> Filter:
        parts = [part(depth)]
        while self._accept(word):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else kind(tuple(parts))

    def _some(self, depth: int) -> Filter:
        token = self._token
        if depth >= MAX_DEPTH:
            raise self._error(token, f"Parentheses and 'not' may be {MAX_DEPTH} deep", FilterTooDeep)
        if self._accept("not"):
            return Not(self._some(depth + 1))
        if self._accept("("):
            found = self._filter(depth + 1)
            self._expect(")")
            return found
        return self._term()

    def _term(self) -> Filter:
        token = self._take()
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._error(token, f"A filter has at most {MAX_TERMS} comparisons", FilterTooLong)
        known = ", ".join(FIELDS)
        if token.kind != "word":
            raise self._error(token, f"A field was expected ({known}), not {_shown(token)}")
        field = _FIELDS.get(token.text.lower())
        if field is None:
            raise self._error(token, f"There is no field {token.text}; there are {known}", FilterUnknownField)
        if self._accept("is"):
            denied = self._accept("not")
            self._expect("set")
            return Not(Is(field)) if denied else Is(field)
        if self._is("in"):
            return self._one_of(field)
        if self._accept("not"):
            return Not(self._one_of(field))
        return self._comparison(field)

    def _one_of(self, field: str) -> Filter:
        word = self._token
        self._expect("in")
        if FIELDS[field] is FieldKind.MOMENT:
            raise self._error(word, f"{field} is compared with <, <=, > or >=", FilterWrongType)
        self._expect("(")
        values = [self._value(field)]
        while self._accept(","):
            self._terms += 1
            if self._terms > MAX_TERMS:
                raise self._error(self._token, f"A filter has at most {MAX_TERMS} values in all", FilterTooLong)
            values.append(self._value(field))
        self._expect(")")
        return OneOf(field, tuple(values))

    def _comparison(self, field: str) -> Filter:
        token = self._take()
        operator = _OPERATORS.get(token.text.lower()) if token.kind in ("word", "sign") else None
        fitting = _TESTS[FIELDS[field]]
        if operator not in fitting:
            can = ", ".join(each.value for each in Operator if each in fitting)
            wrong = FilterSyntax if operator is None else FilterWrongType
            raise self._error(token, f"{field} is compared with {can}, not {_shown(token)}", wrong)
        return Comparison(field, operator, self._value(field))

    def _value(self, field: str) -> Value:
        token, kind = self._take(), FIELDS[field]
        if kind is FieldKind.TEXT and token.kind == "text":
            text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
            if not 1 <= len(text) <= MAX_TEXT:
                raise self._error(token, f"A text has 1 to {MAX_TEXT} characters")
            return text
        if kind is FieldKind.NUMBER and token.kind == "number":
            return self._number(token, MAX_NUMBER)
        if kind is FieldKind.MOMENT and token.kind == "day":
            try:
                return date.fromisoformat(token.text)
            except ValueError:
                raise self._error(token, f"There is no day {token.text}") from None
        if kind is FieldKind.MOMENT and token.kind == "number":
            days = self._number(token, MAX_DAYS)
            if days < 0:
                raise self._error(token, "Days ago are not negative")
            if not self._accept("day"):
                self._expect("days")
            self._expect("ago")
            return DaysAgo(days)
        wrong = FilterWrongType if token.kind in ("text", "number", "day") else FilterSyntax
        raise self._error(token, f"{field} needs {_EXAMPLES[kind]}, not {_shown(token)}", wrong)

    def _number(self, token: _Token, limit: int) -> int:
        if len(token.text) > 14 or abs(int(token.text)) > limit:
            raise self._error(token, f"Numbers go to {limit}")
        return int(token.text)

    def _split(self) -> list[_Token]:
        tokens, at = [], 0
        while at < len(self._source):
            match = _TOKEN.match(self._source, at)
            if match is None:
                found = self._source[at]
                message = "The text in quotes does not end" if found == '"' else f"{found!r} means nothing here"
                raise self._error(_Token("", found, at), message)
            kind = str(match.lastgroup)
            if kind != "space":
                tokens.append(_Token(kind, match.group(), at))
            at = match.end()
        tokens.append(_Token("end", "", at))
        return tokens

    def _error(self, token: _Token, message: str, kind: type[FilterInvalid] = FilterSyntax) -> FilterInvalid:
        before = self._source[: token.at]
        return kind(message, before.count("\n") + 1, token.at - (before.rfind("\n") + 1) + 1)


def _shown(token: _Token) -> str:
    return "the end" if token.kind == "end" else f"'{token.text[:40]}'"
