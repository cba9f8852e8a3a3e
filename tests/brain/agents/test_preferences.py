"""`Prefer` and `Idempotency-Key`."""

import pytest

from brain.preferences import BadIdempotencyKey, Preference, idempotency_key, preference


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Preference(5.0)),
        ("", Preference(5.0)),
        ("respond-async", Preference(0, "respond-async")),
        ("RESPOND-ASYNC; x=1", Preference(0, "respond-async")),
        ("wait=2", Preference(2, "wait=2")),
        ('return=minimal, Wait = "3"', Preference(3, "wait=3")),
        ("wait=0", Preference(0, "wait=0")),
        ("wait=9000", Preference(30, "wait=30")),
        ("wait=2, respond-async", Preference(0, "respond-async")),
        ("wait=soon", Preference(5.0)),
        ("wait=-1", Preference(5.0)),
    ],
)
def test_prefer(header: str | None, expected: Preference) -> None:
    assert preference(header, 5, 30) == expected


def test_the_requests_own_time_is_the_limit() -> None:
    assert preference(None, 20, 8.5) == Preference(8.5)
    assert preference("wait=20", 20, 8.5) == Preference(8, "wait=8")


def test_the_clients_key_is_taken() -> None:
    assert idempotency_key("k-1", "t", "u", "f", {}) == "k-1"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\n"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(BadIdempotencyKey):
        idempotency_key(key, "t", "u", "f", {})


def test_equal_requests_share_a_key_for_ten_minutes() -> None:
    def key(tenant: str = "t", user: str | None = "u", field: str = "f", value: int = 1, at: float = 1200.0) -> str:
        return idempotency_key(None, tenant, user, field, {"a": value, "b": None}, lambda: at)

    assert key() == idempotency_key(None, "t", "u", "f", {"b": None, "a": 1}, lambda: 1799.0)
    others = [key(tenant="o"), key(user="o"), key(user=None), key(field="o"), key(value=2), key(at=1800.0)]
    assert len({key(), *others}) == 7
