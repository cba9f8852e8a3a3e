"""JSON whose numbers are more than orjson keeps: integers beyond 64 bits, more digits than a float has, huge exponents.

Values of custom scalars are not ours to judge, so their digits are passed on as they came. Looking for long numbers is
a search through the bytes, which takes about as long as orjson's reading; only where there is one, the text is read a
second time, by the slower parser of the standard library, and numbers that a Python number would change stay text
(`orjson.Fragment`), which orjson writes as it is.
"""

import contextlib
import json
import math
from typing import Any, NoReturn

import orjson

__all__ = ["has_long_numbers", "load", "load_exactly", "load_reply", "load_with_long_numbers"]

_KINDS = bytes(
    ord("0" if byte in b"0123456789." else "e" if byte in b"eE" else "-" if byte in b"+-" else " ")
    for byte in range(256)
)
"""Digits and points are one kind of character here: that makes the search fifty times as fast as a pattern's."""
_LONG = (b"0" * 16, b"0e000", b"0e-000")
_MAX_DIGITS = 18
"""Of integers that surely have 64 bits."""


def has_long_numbers(text: bytes) -> bool:
    """Whether a JSON text may have numbers that orjson changes; true for more texts than those."""
    kinds = text.translate(_KINDS)
    return any(long in kinds for long in _LONG)


def load(text: bytes) -> Any:
    """Read JSON, also with numbers that are too large for orjson; see `load_with_long_numbers`.

    Raises:
        orjson.JSONDecodeError: it is none.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            return load_with_long_numbers(text)
        except (ValueError, RecursionError):
            raise error from None


def load_exactly(text: bytes) -> Any:
    """Read JSON. Numbers that orjson would change are `orjson.Fragment`s, all others are numbers.

    Raises:
        ValueError: it is no JSON in UTF-8.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text.decode(), parse_int=_integer, parse_float=_float, parse_constant=_refuse)


def load_with_long_numbers(text: bytes) -> Any:
    """Read JSON that orjson refuses because of a number: one that is too large becomes infinite.

    Raises:
        ValueError: it is no JSON in UTF-8, whatever its numbers.
        RecursionError: it is nested too deeply.
    """
    if not has_long_numbers(text):
        raise ValueError("no JSON")
    try:
        orjson.dumps(load_exactly(text))  # which refuses what else orjson would not read, such as lone surrogates
    except TypeError as error:
        raise ValueError("no JSON") from error
    return json.loads(text, parse_int=_near_integer, parse_constant=_refuse)


def load_reply(text: bytes, *, exactly: bool) -> Any:
    """Read what a subgraph sent.

    Args:
        exactly: whether numbers that orjson would change must be `orjson.Fragment`s, as of `load_exactly`. Those that
            are too large for orjson always are, so that nothing beside them is lost.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        if not has_long_numbers(text):
            raise
        try:
            document = load_exactly(text)
            orjson.dumps(document)  # which refuses what else orjson would not read
        except (RecursionError, TypeError) as error:
            raise ValueError("no JSON") from error
    else:
        if exactly and has_long_numbers(text):
            with contextlib.suppress(RecursionError):  # nested so deeply that it cannot be sent on anyway
                document = load_exactly(text)
    return document


def _integer(digits: str) -> Any:
    if len(digits) <= _MAX_DIGITS:
        return int(digits)
    return int(digits) if _fits(digits) else orjson.Fragment(digits)


def _fits(digits: str) -> bool:
    """Whether an integer has 64 bits, or one more without a sign."""
    return len(digits) <= _MAX_DIGITS + 2 and -(2**63) <= int(digits) < 2**64


def _near_integer(digits: str) -> int | float:
    if len(digits) <= _MAX_DIGITS or _fits(digits):
        return int(digits)
    return float(digits)


def _float(text: str) -> Any:
    value = float(text)
    # 15 digits survive the way to a float and back, unless it is one of the smallest, which have fewer.
    if len(text) <= 16 and math.isfinite(value) and (abs(value) > 1e-290 or not text.strip("-0.")):
        return value
    return value if repr(value) == text else orjson.Fragment(text)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
