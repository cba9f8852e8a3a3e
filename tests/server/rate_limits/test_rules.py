"""Keys of buckets: nobody may get at another's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.hooks import RequestContext
from router.server.config.rate_limits import RateLimitRule
from router.server.rate_limits.rules import Rule

TEXT = st.text(alphabet=st.sampled_from("a1:*-#\x00%,é"), max_size=6) | st.text(max_size=200)


def rule(name: str = "r", **more: Any) -> Rule:
    return Rule.of(RateLimitRule.model_validate({"name": name, "limit": 1, **more}))


def request(
    partition: str = "", caller: str | None = None, client: str | None = None, **headers: str
) -> RequestContext:
    context = RequestContext("1", "POST", "/", headers, client)
    context.partition, context.caller = partition, caller
    return context


@given(st.lists(st.tuples(TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT), min_size=2, max_size=2))
def test_keys_are_equal_only_for_equal_requests(pair: list[tuple[Any, ...]]) -> None:
    def key(who: tuple[Any, ...]) -> bytes:
        partition, caller, one, other = who
        headers = {name: value for name, value in (("x-a", one), ("x-b", other)) if value is not None}
        return rule(by=["client", "header:x-a", "header:x-b"]).key("p:", request(partition, caller, **headers), b"")

    first, second = pair
    assert (key(first) == key(second)) == (first == second)


@given(st.tuples(TEXT, TEXT), st.tuples(TEXT, TEXT))
def test_partitions_and_operations_do_not_mix(one: tuple[str, str], other: tuple[str, str]) -> None:
    def key(partition: str, operation: str) -> bytes:
        return rule(by=["operation"]).key("", request(partition), operation.encode("utf-8", "surrogatepass"))

    assert (key(*one) == key(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a:1", "b"), ("a", "1:b")),
        (("", "1:a"), ("1:a", "")),
        (("*", ""), ("", "*")),
    ],
)
def test_parts_cannot_run_into_each_other(one: tuple[str, str], other: tuple[str, str]) -> None:
    by = rule(by=["client"])
    assert by.key("", request(one[0], one[1]), b"") != by.key("", request(other[0], other[1]), b"")


def test_rules_have_buckets_of_their_own() -> None:
    context = request("t", client="10.0.0.1", **{"x-a": "10.0.0.1"})
    keys = {
        rule("a", by=["ip"]).key("", context, b""),
        rule("b", by=["ip"]).key("", context, b""),
        rule("a", by=["client"]).key("", context, b""),
        rule("a", by=["header:x-a"]).key("", context, b""),
        rule("a", by=["ip", "header:x-a"]).key("", context, b""),
        rule("a").key("", context, b""),
        rule("a", across_partitions=True).key("", context, b""),
        rule("a").key("other:", context, b""),
    }
    assert len(keys) == 8


def test_every_rule_is_per_partition_unless_it_says_otherwise() -> None:
    for by in ([], ["client"], ["ip"], ["operation"], ["partition", "ip"]):
        assert rule(by=by).key("", request("a"), b"") != rule(by=by).key("", request("b"), b""), by
    together = rule(across_partitions=True)
    assert together.key("", request("a"), b"") == together.key("", request("b"), b"")
    assert together.key("", request("*"), b"") != rule().key("", request("*"), b"")


def test_no_hooks_name_for_a_caller_is_anybodys_address() -> None:
    by = rule(by=["client"])
    assert by.key("", request(client="10.0.0.1"), b"") != by.key("", request(caller="10.0.0.1"), b"")
    assert by.key("", request(client="10.0.0.1"), b"") != by.key("", request(caller="ip 10.0.0.1"), b"")


def test_keys_hold_no_credential() -> None:
    key = rule(by=["header:authorization"]).key("", request("t", authorization="Bearer secret"), b"")
    assert b"secret" not in key


@given(st.text(max_size=100_000))
def test_keys_are_short(partition: str) -> None:
    assert len(rule("x" * 40).key("", request(partition), b"")) < 250
