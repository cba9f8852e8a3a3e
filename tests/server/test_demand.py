"""`limits.cost`: what is refused, what is counted, and on which ways."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from router.hooks import RequestContext, RouterHooks
from router.server.app import RouterApp
from tests.server.shop import SUPERGRAPH
from tests.server.test_fast_lane import LAST, Pair, asked
from tests.server.wire import request

COSTLY = (
    SUPERGRAPH.replace(
        '@link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)',
        '@link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)\n'
        '  @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])',
    )
    .replace(
        "products(first: Int = 2, filter: Filter): [Product!]! @join__field(graph: PRODUCTS)",
        "products(first: Int = 2, filter: Filter): [Product!]! @join__field(graph: PRODUCTS)\n"
        '    @listSize(slicingArguments: ["first"])',
    )
    .replace(
        "slow(seconds: Float!): Int @join__field(graph: PRODUCTS)",
        "slow(seconds: Float!): Int @join__field(graph: PRODUCTS) @cost(weight: 50)",
    )
)
SLICED = "query($n: Int) { products(first: $n) { name } }"


class Seen(RouterHooks):
    """Remembers what each request was estimated to cost when it was answered."""

    def __init__(self) -> None:
        self.costs: list[float | None] = []

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        self.costs.append(context.estimated_cost)


def pair_of(mode: str, hooks: RouterHooks | None = None, **more: Any) -> Pair:
    cost = {"max": 10, "mode": mode, "list_size_default": 3}
    return Pair(hooks, COSTLY, limits={"cost": cost, "max_body_bytes": 5000}, **more)


@pytest.fixture(params=["enforce", "measure"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pair(mode: str) -> Iterator[Pair]:
    assert COSTLY.count("@listSize(") == COSTLY.count("@cost(") == 1
    made = pair_of(mode)
    yield made
    made.close()


def histogram(app: RouterApp) -> tuple[int, float]:
    """How many costs were counted, and their sum."""
    (series,) = app.metrics.operation_costs.all_series.values()
    return sum(series.counts), series.total


def refusal(answer: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2].partition(b"HTTP/1.1")[0])["errors"][0]
    return error


def test_too_much_is_refused_or_counted_on_both_ways(pair: Pair, mode: str) -> None:
    asking = [
        (asked("{ products { name } }"), 2),
        (asked("{ products(first: 10) { name } }"), 10),
        (asked("{ products(first: 11) { name } }"), 11),
        (asked("{ slow(seconds: 0) }"), 50),
        (asked(SLICED, variables={"n": 1}), 1),
        (asked(SLICED, variables={"n": 1000}), 1000),
        (asked(SLICED), 2),
        (asked("{ products(first: 2) { reviews { stars } } }"), 2 * (1 + 3)),
        (asked("{ products(first: 3) { reviews { stars } } }"), 3 * (1 + 3)),
        (asked("{ __typename }"), 0),
    ]
    refused = 0
    for body, cost in asking:
        for _ in range(3):
            answer = pair.check([request(body, "accept: application/json")], [LAST])
            if cost > 10 and mode == "enforce":
                refused += 1
                assert refusal(answer)["extensions"] == {"code": "COST_LIMIT", "estimated": cost, "limit": 10}
                assert f"cost is {cost}, which is more than 10" in refusal(answer)["message"]
            else:
                assert b'"errors"' not in answer
    for app in pair.apps:
        assert histogram(app) == (3 * len(asking), 3 * sum(cost for _, cost in asking))
        assert app.metrics.operations_over_cost.counts == {(mode,): 3 * sum(cost > 10 for _, cost in asking)}
        assert app.metrics.errors.counts.get(("COST_LIMIT",), 0) == refused


def test_which_argument_must_be_given(pair: Pair, mode: str) -> None:
    for body in (asked("{ products(first: null) { name } }"), asked(SLICED, variables={"n": None})):
        answer = pair.check([request(body)], [LAST])
        if mode == "enforce":
            assert refusal(answer)["extensions"]["code"] == "SLICING_ARGUMENT_REQUIRED"
            assert refusal(answer)["message"].endswith("'Query.products' is, of: first.")
        else:
            assert b'"errors"' not in answer


@pytest.mark.parametrize("more", [{}, {"rate_limits": {"rules": [{"name": "all", "limit": 99, "per_s": 60}]}}])
def test_hooks_learn_of_it(mode: str, more: dict[str, Any]) -> None:
    """Also where the lane opens operations as the other way does."""
    hooks = Seen()
    pair = pair_of(mode, hooks, **more)
    try:
        for text in ("{ products { name } }", "{ products { name } }", "{ slow(seconds: 0) }"):
            pair.answers([request(asked(text))], [LAST])  # rate limits' headers tell the time
        assert hooks.costs == [2, 2, 2, 2, 50, 50]
    finally:
        pair.close()


def test_a_batch_and_a_get_are_judged(mode: str) -> None:
    pair = pair_of(mode, batching={"enabled": True})
    try:
        batch = b"[" + asked("{ slow(seconds: 0) }") + b"," + asked("{ products { name } }") + b"]"
        get = b"GET /graphql?query={slow(seconds:0)} HTTP/1.1\r\nhost: x\r\ngraphql-require-preflight: 1\r\n\r\n"
        answer = pair.check([request(batch)], [get], [LAST])
        assert answer.count(b'"COST_LIMIT"') == (2 if mode == "enforce" else 0)
        assert b'{"data":{"products"' in answer
    finally:
        pair.close()


def test_what_nobody_asked_for_is_not_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.demand.estimate_cost", lambda *_: pytest.fail("estimated"))
    pair = Pair(Seen(), COSTLY)
    try:
        pair.check([request(asked("{ slow(seconds: 0) }"))], [LAST])
        assert not pair.apps[0].metrics.operation_costs.all_series
        assert isinstance(pair.apps[0].on_response, object)
    finally:
        pair.close()
