"""What a real Saleor answered, replayed: the same shape, codes and statuses."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from resolvers.demo import demo_email, demo_id, demo_password
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.seed.people import CUSTOMER_PASSWORD, app_token, customer_email
from subgraphs.saleor.tokens import Tokens
from tests.subgraphs.saleor.shop import LOG_IN, Shop

RECORDINGS = Path(__file__).parents[4] / "shared" / "saleor" / "recordings"

OUTSIDE = {
    "92_subscription": "subscriptions are not part of the federation SDL; the answer is tested all the same",
    "b7_ent_group_anon": "no groups of staff",
    "e2_draft_order_entities": "no draft orders",
}
"""What does not fall into the subset."""

CHECKOUTS = ("41_", "42_", "44_")
NAMES = sorted(each.stem for each in RECORDINGS.glob("*.json")) if RECORDINGS.is_dir() else []


def recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


def shape(value: Any) -> Any:
    """Types instead of values; a list is the shape of its items together."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        merged: Any = None
        for item in value:
            merged = joined(merged, shape(item))
        return [] if not value else [merged]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def joined(one: Any, other: Any) -> Any:
    """The shape of what is like one or the other."""
    if one is None or one == other:
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: joined(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [joined(*[each[0] if each else None for each in (one, other)])] if one or other else []
    if "NoneType" in (one, other) or other is None:
        rest = one if other in ("NoneType", None) else other
        return {**rest, None: True} if isinstance(rest, dict) else rest
    return one


def codes(body: Any) -> list[Any]:
    """Codes and places of errors."""
    return sorted(
        (each["extensions"]["exception"]["code"], str(each.get("path")))
        for each in (body.get("errors") or () if isinstance(body, dict) else ())
    )


def payload_codes(value: Any) -> list[Any]:
    """Codes of errors in payloads, with the fields."""
    if isinstance(value, dict):
        own = [(value["field"], value["code"])] if {"field", "code"} <= value.keys() else []
        return own + [each for item in value.values() for each in payload_codes(item)]
    return [each for item in value for each in payload_codes(item)] if isinstance(value, list) else []


def same_nulls(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Places where one has nothing and the other an object, or a list of another emptiness."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [found for key in theirs for found in same_nulls(ours.get(key), theirs[key], f"{where}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list):
        if where.endswith("_entities"):
            pairs = enumerate(zip(ours, theirs, strict=True))
            return [found for at, (a, b) in pairs for found in same_nulls(a, b, f"{where}[{at}]")]
        return [] if bool(ours) == bool(theirs) else [where]
    either = isinstance(ours, dict | list) or isinstance(theirs, dict | list)
    return [where] if either else []


@pytest.fixture(scope="session")
def words() -> dict[str, str]:
    """What recordings name, and what it is here."""
    orders = json.loads(json.dumps(recording("34_orders_admin")["response"]["body"]["data"]["orders"]["edges"]))
    found = {
        each["node"]["id"]: global_id("Order", demo_id("acme", "order", str(20 - at))) for at, each in enumerate(orders)
    }
    found |= {
        "admin@example.com": demo_email("acme", "ada"),
        "ashley.cook@example.com": customer_email("acme", 6),
        "cassidy.villarreal@example.com": customer_email("acme", 9),
        '"p": "admin"': f'"p": "{demo_password("acme", "ada")}"',
        '"p": "password"': f'"p": "{CUSTOMER_PASSWORD}"',
    }
    return found


@pytest.fixture
async def tokens(shops: Any) -> dict[str, str]:
    """Tokens here, by what they are there."""
    secret = await secret_of(shops)
    own = Tokens(secret, "https://shop.example")
    admin = own.issue("access", 21, demo_email("acme", "ada"), is_staff=True)
    claims = jwt.decode(admin, secret, algorithms=["HS256"])
    claims["exp"] = datetime.now(UTC) - timedelta(minutes=1)
    return {
        "admin": admin,
        "customer": own.issue("access", 6, customer_email("acme", 6), is_staff=False),
        "refresh": own.issue("refresh", 21, demo_email("acme", "ada"), is_staff=True, csrf="c"),
        "expired": jwt.encode(claims, secret, algorithm="HS256"),
        "app": app_token("acme"),
    }


async def secret_of(shops: Any) -> str:
    async with shops.database.session(shops.context("acme")) as session:
        from sqlalchemy import text

        return str(await session.scalar(text("select secret from saleor.shops")))


def replaced(name: str, value: str, tokens: Mapping[str, str]) -> str:
    """A text with our tokens for theirs."""

    def own(match: re.Match[str]) -> str:
        claims = jwt.decode(match[0], options={"verify_signature": False})
        if claims["type"] == "refresh":
            return tokens["refresh"]
        if name.startswith("a") and not name.startswith("a4"):
            return tokens["expired"]
        return tokens["admin" if claims["is_staff"] else "customer"]

    value = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", own, value)
    return value.replace("qyERUVbhcEb2FGGFfbfPNESb0iPRuV", tokens["app"])


@pytest.mark.skipif(not NAMES, reason="no recordings beside the checkout")
@pytest.mark.parametrize("name", NAMES)
async def test_the_same_shape_codes_and_status(
    name: str, acme: Shop, tokens: dict[str, str], words: dict[str, str]
) -> None:
    if name in OUTSIDE:
        pytest.skip(OUTSIDE[name])
    wanted = recording(name)
    text = json.dumps(wanted["request"]["body"])
    for theirs, ours in words.items():
        text = text.replace(theirs, ours)
    if name.startswith("21b_"):  # right after a failure
        await acme.post(
            {"query": LOG_IN, "variables": {"e": "a@b.example", "p": "x"}}, {"x-forwarded-for": "192.0.2.8"}
        )
    if name.startswith(CHECKOUTS):
        made = recording("40_checkoutCreate")
        created = (await acme.post(made["request"]["body"])).json()["data"]["checkoutCreate"]["checkout"]["id"]
        text = text.replace(made["response"]["body"]["data"]["checkoutCreate"]["checkout"]["id"], created)
    text = replaced(name, text, tokens)
    headers = {key: replaced(name, value, tokens) for key, value in wanted["request"]["headers"].items()}
    headers = {key.lower(): value for key, value in headers.items()}
    headers.setdefault("x-forwarded-for", "192.0.2.8" if name.startswith("21b_") else f"198.51.100.{NAMES.index(name)}")
    if name.startswith("97_"):
        page = await acme.client.get("/saleor/acme/graphql/")
        assert page.status_code == wanted["response"]["status"]
        assert page.text.startswith("<!DOCTYPE html>")
        return
    if name.startswith("99b_"):
        headers["content-type"] = "text/plain"
    response = await acme.post(text, headers)
    theirs = wanted["response"]["body"]
    assert response.status_code == wanted["response"]["status"], response.text
    ours = response.json()
    if isinstance(theirs, list):
        assert len(theirs) == len(ours) == 1
        theirs, ours = theirs[0], ours[0]
    assert ours.keys() == theirs.keys()
    assert codes(ours) == codes(theirs)
    assert sorted(payload_codes(ours)) == sorted(payload_codes(theirs))
    assert same_nulls(ours.get("data"), theirs.get("data")) == []
    # It says more seldom where an argument lacks.
    assert {key for each in ours.get("errors") or () for key in each} - {"locations"} == {
        key for each in theirs.get("errors") or () for key in each
    } - {"locations"}
    assert ours.get("extensions") == theirs.get("extensions")
