"""Numbers that orjson would change are passed on digit by digit."""

import json
import math
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.executor.exact_json import has_long_numbers, load_exactly, load_with_long_numbers

LONG = [
    "18446744073709551616",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "1" * 5000,
    "3.14159265358979323846",
    "12345678.123456789",
    "9007199254740993.0",
    "1e400",
    "-1E+400",
    "1e-400",
    "4.9406564584124654e-324",
    "1e99999999999999999999",
]
SHORT = [
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "0.1",
    "1e5",
    "1E-5",
    "18446744073709551615",
    "-9223372036854775808",
    "0.0",
    "-0.0",
]


@pytest.mark.parametrize("number", LONG)
def test_long_numbers_keep_their_digits(number: str) -> None:
    for text in (number, f"[{number}]", f'{{"a":{{"b":[1,{number},"x"]}}}}'):
        assert has_long_numbers(text.encode())
        assert orjson.dumps(load_exactly(text.encode())).decode() == text


@pytest.mark.parametrize("number", SHORT)
def test_other_numbers_are_numbers(number: str) -> None:
    value = load_exactly(number.encode())
    assert isinstance(value, int | float)
    assert repr(value) == repr(orjson.loads(number))


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,4})?", fullmatch=True))
def test_no_number_changes(text: str) -> None:
    if not has_long_numbers(text.encode()):
        assert Decimal(repr(orjson.loads(text))) == Decimal(text), "what is not found needs no care"
    assert Decimal(orjson.dumps(load_exactly(text.encode())).decode()) == Decimal(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_all_else_is_read_as_orjson_reads_it(value: Any) -> None:
    text = json.dumps(value).encode()
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:  # lone surrogates
        return
    assert orjson.loads(orjson.dumps(load_exactly(text))) == expected


@pytest.mark.parametrize(
    "text", [b"NaN", b"[Infinity]", b"-Infinity", b"\xff", b"{", b"", b"01", b"1.", "[1]".encode("utf-16")]
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        load_exactly(text)
    with pytest.raises(ValueError):  # noqa: PT011
        load_with_long_numbers(text + b" 1e400" if text else text)


def test_numbers_that_orjson_refuses() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads("[1e400]")
    assert load_with_long_numbers(b'[1e400, -1e400, 1, 1.5, "a"]') == [math.inf, -math.inf, 1, 1.5, "a"]
    assert load_with_long_numbers(b"[" + b"9" * 5000 + b"]") == [math.inf]
    with pytest.raises(ValueError, match="no JSON"):
        load_with_long_numbers(b'["\\ud800", 1e400]')
    with pytest.raises(ValueError, match="no JSON"):
        load_with_long_numbers(b"[1")
