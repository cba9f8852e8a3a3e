"""Everything that can go wrong between the router and a shop: what comes of it, and that nothing else is lost."""

from typing import Any

import pytest

from subgraphs.saleor.domain.ids import global_id
from tests.subgraphs.saleor.linked import PRODUCTS, Platform, codes, product
from tests.subgraphs.saleor.proxy import Fault, Seen

QUERY = "{ picks { ... on Product { name } ... on ProductVariant { sku } } }"


def names(answer: Any) -> int:
    return sum(bool(pick and pick.get("name")) for pick in answer["data"]["picks"])


@pytest.mark.parametrize("fault", [Fault(reset=0), Fault(reset=40), Fault(status=503, body="<html>Busy</html>")])
async def test_what_passes_is_tried_again(platform: Platform, fault: Fault) -> None:
    platform.proxy.faults.append(fault)
    assert len((await platform.data(PRODUCTS))["products"]["edges"]) == 2
    assert len(platform.proxy.seen) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body="<html>Oops at /srv/saleor/core.py</html>"),
        Fault(status=200, body="<html>Oops at /srv/saleor/core.py</html>"),
        Fault(status=200, body="[1, 2"),
        Fault(status=200, body=[]),
        Fault(
            status=200,
            body={
                "errors": [
                    {
                        "message": "at /srv/saleor/core.py",
                        "extensions": {"exception": {"code": "KeyError", "stacktrace": ["/srv"]}},
                    }
                ]
            },
        ),
        Fault(status=200, body={"errors": [{"message": "at /srv/saleor/core.py"}, "odd", 7], "data": None}),
    ],
)
async def test_what_does_not_pass_is_an_error_that_tells_nothing(platform: Platform, fault: Fault) -> None:
    platform.picks = [product(152)]
    platform.proxy.faults.append(fault)
    answer = await platform.ask("{ products(first: 1) { totalCount } picks { __typename } }")
    assert answer["data"] == {"products": None, "picks": [{"__typename": "Product"}]}
    assert codes(answer)
    assert "/srv" not in str(answer)


async def test_a_mutation_is_not_sent_twice(platform: Platform) -> None:
    platform.proxy.faults.append(Fault(reset=0))
    query = "mutation { checkoutCreate(input: {lines: []}) { errors { code } } }"
    assert codes(await platform.ask(query))
    assert len(platform.proxy.seen) == 1


async def test_a_slow_shop_is_given_up_and_the_rest_is_there(platform: Platform) -> None:
    platform.open(timeout_s=0.3, traffic={})
    platform.picks = [product(152)]
    platform.proxy.faults.append(Fault(delay_s=3))
    answer = await platform.ask("{ products(first: 1) { totalCount } picks { __typename } }")
    assert answer["data"] == {"products": None, "picks": [{"__typename": "Product"}]}
    assert codes(answer) == ["SUBREQUEST_TIMEOUT"]


async def test_more_than_it_takes_goes_side_by_side_and_comes_in_order(platform: Platform) -> None:
    platform.picks = [product(126 + number % 13) for number in range(13)] + [product(1000 + n) for n in range(240)]
    platform.proxy.faults.extend(Fault(delay_s=0.2) for _ in range(3))
    answer = await platform.ask(QUERY)
    sent = [seen.body["variables"]["representations"] for seen in platform.proxy.seen]
    assert sorted(map(len, sent)) == [53, 100, 100]
    assert platform.proxy.open_at_most == 3
    assert names(answer) == 13
    assert all(answer["data"]["picks"][:13])


async def test_of_three_batches_one_is_lost_and_the_others_are_not(platform: Platform) -> None:
    platform.open(traffic={})
    platform.picks = [product(1000 + n) for n in range(200)] + [product(126 + number) for number in range(13)]
    platform.proxy.faults.append(
        Fault(reset=0, only=lambda seen: "152" not in str(seen.body) and len(str(seen.body)) > 5000)
    )
    answer = await platform.ask(QUERY)
    assert names(answer) == 13
    assert codes(answer)


async def test_types_that_are_mixed_are_asked_for_apart(platform: Platform) -> None:
    variant = {"__typename": "ProductVariant", "id": global_id("ProductVariant", 384), "channel": "default-channel"}
    platform.picks = [variant, product(152), variant, product(134)]
    query = "{ picks { ... on Product { name } ... on ProductVariant { product { name } } } }"
    picks = (await platform.data(query))["picks"]
    named = {}
    for number in (152, 134):
        one = f'{{ product(id: "{global_id("Product", number)}") {{ name }} }}'
        named[number] = (await platform.data(one))["product"]["name"]
    assert [pick.get("name") for pick in picks] == [None, named[152], None, named[134]]
    assert picks[0] == picks[2]
    assert picks[0]["product"]["name"]


@pytest.mark.parametrize("bad", [1, 3])
async def test_a_batch_that_is_null_for_a_few_is_not_null_for_all(platform: Platform, bad: int) -> None:
    platform.picks = [product(126 + number) for number in range(13)]
    for place in range(bad):
        platform.picks[4 * place]["id"] = f"zzz{place}"
    answer = await platform.ask(QUERY)
    assert [bool(pick and pick.get("name")) for pick in answer["data"]["picks"]] == [
        at not in range(0, 4 * bad, 4) for at in range(13)
    ]
    assert set(codes(answer)) == {"SALEOR_BAD_REQUEST"}
    assert len(platform.proxy.seen) <= 1 + 32


async def test_a_shop_that_is_down_holds_up_no_other(platform: Platform) -> None:
    def acme(seen: Seen) -> bool:
        return seen.path.startswith("/saleor/acme/")

    platform.open(traffic={"circuit_breaker": {"per_partition": True, "min_requests": 3, "open_s": 60}})
    platform.proxy.faults.extend(Fault(reset=0, only=acme) for _ in range(10))
    for _ in range(6):
        assert codes(await platform.ask(PRODUCTS))
    assert len(platform.proxy.seen) < 6, "it is not asked any more"
    assert (await platform.data(PRODUCTS, tenant="globex"))["products"]["edges"]


async def test_costs_add_up(platform: Platform) -> None:
    await platform.data(PRODUCTS)
    once = dict(platform.calls.costs)
    assert once.keys() == {("query",)}
    assert once["query",] > 0
    await platform.data(PRODUCTS, tenant="globex")
    assert platform.calls.costs == {("query",): 2 * once["query",]}
