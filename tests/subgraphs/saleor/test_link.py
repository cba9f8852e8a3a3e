"""A tenant's shop as the Brain asks it: with whose rights, in which channel, and nothing of another tenant's."""

import asyncio
import json

import pytest

from resolvers.demo import demo_email, demo_password
from subgraphs.saleor.seed.people import CUSTOMER_PASSWORD, app_token, customer_email
from tests.subgraphs.saleor.linked import CHANNELS, PRODUCTS, Platform, codes, product
from tests.subgraphs.saleor.proxy import EXPIRED, Fault, Proxy
from tests.subgraphs.saleor.shop import LOG_IN, Shop

CUSTOMERS = "{ customers(first: 1) { edges { node { email } } } }"


async def test_what_a_shop_is_sent_and_what_not(platform: Platform) -> None:
    await platform.data(
        PRODUCTS,
        x_forwarded_for="198.51.100.1, 10.0.0.1",
        forwarded="for=1.2.3.4",
        cookie="a=b",
        authorization="Bearer brains",
    )
    (seen,) = platform.proxy.seen
    assert seen.path == "/saleor/acme/graphql/", "with its slash"
    assert seen.headers["x-forwarded-for"] == "203.0.113.9"
    assert not {"authorization", "authorization-bearer", "forwarded", "cookie", "x-brain-context"} & seen.headers.keys()
    assert seen.body.keys() == {"query", "variables"}
    assert seen.body["variables"] == {"saleorChannel": "default-channel"}


@pytest.mark.parametrize(
    ("query", "scopes", "is_app"),
    [
        (CUSTOMERS, "", False),
        (CUSTOMERS, "crm:read", False),
        (CUSTOMERS, "saleor:write", False),
        (CUSTOMERS, "saleor:read", True),
        ("mutation { checkoutCreate(input: {lines: []}) { errors { code } } }", "saleor:read", False),
        ("mutation { checkoutCreate(input: {lines: []}) { errors { code } } }", "saleor:read saleor:write", True),
    ],
)
async def test_the_apps_token_is_for_who_has_the_scope(
    platform: Platform, query: str, scopes: str, is_app: bool
) -> None:
    await platform.ask(query, x_scopes=scopes)
    (seen,) = platform.proxy.seen
    assert seen.headers.get("authorization-bearer") == (app_token("acme") if is_app else None)


async def test_the_users_own_token_wins_and_is_good_at_home_only(platform: Platform) -> None:
    given = {"e": customer_email("acme", 6), "p": CUSTOMER_PASSWORD}
    token = (await platform.data(LOG_IN.replace("refreshToken ", ""), given))["tokenCreate"]["token"]
    me = "{ me { email } }"
    own = {"authorization_bearer": token, "x_scopes": "saleor:read saleor:write"}
    assert await platform.data(me, **own) == {"me": {"email": customer_email("acme", 6)}}
    assert await platform.data(me, tenant="globex", **own) == {"me": None}
    refused = await platform.ask(CUSTOMERS, **own)
    assert codes(refused) == ["FORBIDDEN"]
    assert refused["errors"][0]["extensions"]["saleorCode"] == "PermissionDenied"


@pytest.mark.parametrize("empty", ["", "  "])
async def test_an_empty_token_is_none(platform: Platform, empty: str) -> None:
    await platform.data(CUSTOMERS, authorization_bearer=empty, x_scopes="saleor:read")
    (seen,) = platform.proxy.seen
    assert seen.headers["authorization-bearer"] == app_token("acme")


@pytest.mark.parametrize("garbage", ["x y", "Bearer abc", "x" * 9000])
async def test_what_is_no_token_goes_nowhere_and_is_said(platform: Platform, garbage: str) -> None:
    answer = await platform.ask(PRODUCTS, authorization_bearer=garbage, x_scopes="saleor:read")
    assert codes(answer) == ["UNAUTHENTICATED"]
    assert "holds no token" in answer["errors"][0]["message"]
    assert platform.proxy.seen == []


async def test_who_is_nobody_is_told_to_log_in(platform: Platform) -> None:
    (error,) = (await platform.ask(CUSTOMERS))["errors"]
    assert error["path"] == ["customers"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED", "saleorCode": "PermissionDenied", "service": "saleor"}
    assert "tokenCreate" in error["message"]
    assert ". Log in: " in error["message"], "two sentences"
    assert "Authorization-Bearer" in error["message"]


async def test_what_must_not_be_null_at_the_root_takes_all_along_and_says_where(platform: Platform) -> None:
    """As a real Saleor's `appsInstallations` for visitors: `shop` is all of that kind that the stand-in has."""
    denied = {"message": "No.", "path": ["shop"], "extensions": {"exception": {"code": "PermissionDenied"}}}
    platform.proxy.faults.append(Fault(body=json.dumps({"data": None, "errors": [denied]})))
    answer = await platform.ask("{ picks { __typename } shop { name } }")
    assert answer["data"] is None
    ((path, code),) = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
    assert (path, code) == (["shop"], "UNAUTHENTICATED")


async def test_the_app_of_one_tenant_is_nobody_elsewhere(platform: Platform) -> None:
    platform.entries["globex"]["app_token"] = app_token("acme")
    assert codes(await platform.ask(CUSTOMERS, tenant="globex", x_scopes="saleor:read")) == ["FORBIDDEN"]


async def test_anothers_order_is_nothing_here(platform: Platform) -> None:
    query = "{ orders(first: 3) { edges { node { id } } } }"
    found = await platform.data(query, tenant="globex", x_scopes="saleor:read")
    one = "query ($id: ID!) { order(id: $id) { id } }"
    for edge in found["orders"]["edges"]:
        variables = {"id": edge["node"]["id"]}
        assert await platform.data(one, variables, tenant="globex", x_scopes="saleor:read") == {"order": variables}
        assert await platform.data(one, variables, x_scopes="saleor:read") == {"order": None}


@pytest.mark.parametrize("tenant", [None, "initech"])
async def test_without_a_link_there_is_no_shop(platform: Platform, tenant: str | None) -> None:
    platform.proxy.faults.append(Fault(status=404, body="Not Found"))
    answer = await platform.ask(PRODUCTS, tenant=tenant)
    if tenant is None:
        assert codes(answer) == ["SALEOR_NOT_LINKED"]
        assert platform.proxy.seen == []
    else:
        assert answer["data"] == {"products": None}


async def test_another_tenants_channel_never_arrives(platform: Platform) -> None:
    platform.entries["globex"]["channels"] = "globex-only"
    query = "query ($c: String) { products(first: 1, channel: $c) { edges { node { channel } } } }"
    assert codes(await platform.ask(query, {"c": "globex-only"})) == ["SALEOR_CHANNEL_REFUSED"]
    assert platform.proxy.seen == []
    assert codes(await platform.ask(query, {"c": "globex-only"}, tenant="globex")) != ["SALEOR_CHANNEL_REFUSED"]


async def test_entities_by_id_and_channel_both_ways(platform: Platform) -> None:
    """From the shop to a context of ours, and back, with the tenant's channel where nobody named one."""
    query = "{ products(first: 2) { edges { node { name note } } } }"
    edges = (await platform.data(query))["products"]["edges"]
    assert [edge["node"]["note"] for edge in edges] == ["note default-channel"] * 2
    platform.picks = [{**product(152), "channel": None}]
    (pick,) = (await platform.data("{ picks { ... on Product { name } } }"))["picks"]
    assert pick["name"]
    platform.picks[0]["channel"] = "globex-only"
    answer = await platform.ask("{ picks { ... on Product { name } } }")
    assert "SALEOR_CHANNEL_REFUSED" in codes(answer)


async def refresh_token(acme: Shop) -> str:
    found = (await acme.data(LOG_IN, e=demo_email("acme", "ada"), p=demo_password("acme", "ada")))["tokenCreate"]
    return str(found["refreshToken"])


def refreshes(proxy: Proxy) -> int:
    return sum("tokenRefresh" in seen.body["query"] for seen in proxy.seen)


async def test_a_link_acts_as_a_user_whose_token_is_renewed_ahead(platform: Platform, acme: Shop) -> None:
    platform.entries["acme"] = {**CHANNELS, "refresh_token": await refresh_token(acme)}
    answers = await asyncio.gather(*(platform.data(CUSTOMERS, x_scopes="saleor:read") for _ in range(5)))
    assert all(answer["customers"]["edges"] for answer in answers)
    assert refreshes(platform.proxy) == 1, "one for all"
    platform.clock = 200
    await platform.data(CUSTOMERS, x_scopes="saleor:read")
    assert refreshes(platform.proxy) == 1
    platform.clock = 250  # it ends within a minute: it is used, and renewed meanwhile
    await platform.data(CUSTOMERS, x_scopes="saleor:read")
    async with asyncio.timeout(10):
        while refreshes(platform.proxy) < 2:  # noqa: ASYNC110 - another's doing
            await asyncio.sleep(0.01)
    await platform.data(PRODUCTS)
    assert "authorization-bearer" not in platform.proxy.seen[-1].headers, "a visitor is nobody"


async def test_one_that_ended_early_is_renewed_and_the_request_made_once_more(platform: Platform, acme: Shop) -> None:
    platform.entries["acme"] = {**CHANNELS, "refresh_token": await refresh_token(acme)}
    await platform.data(PRODUCTS, x_scopes="saleor:read")
    platform.proxy.faults.append(Fault(body=EXPIRED))
    data = await platform.data(PRODUCTS, x_scopes="saleor:read")
    assert len(data["products"]["edges"]) == 2
    assert refreshes(platform.proxy) == 2
    platform.proxy.faults += [
        Fault(body=EXPIRED),
        Fault(body=EXPIRED, only=lambda seen: "products" in seen.body["query"]),
    ]
    assert codes(await platform.ask(PRODUCTS, x_scopes="saleor:read")) == ["SALEOR_TOKEN_EXPIRED"], "not for ever"


async def test_a_refresh_token_that_is_over_is_said_and_not_tried_all_the_time(platform: Platform) -> None:
    platform.entries["acme"] = {**CHANNELS, "refresh_token": "stale"}
    for _ in range(3):
        assert codes(await platform.ask(CUSTOMERS, x_scopes="saleor:read")) == ["SALEOR_LINK_UNAVAILABLE"]
    assert refreshes(platform.proxy) == 1
    assert (await platform.data(PRODUCTS))["products"]["edges"], "visitors need none"


async def test_a_users_own_token_that_is_over_is_the_users_to_renew(platform: Platform) -> None:
    platform.proxy.faults.append(Fault(body=EXPIRED))
    answer = await platform.ask(PRODUCTS, authorization_bearer="a.b.c", x_scopes="saleor:read")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SALEOR_TOKEN_EXPIRED"
    assert "stacktrace" not in str(answer)
    assert len(platform.proxy.seen) == 1
