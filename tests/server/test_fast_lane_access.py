"""Access rules on the fast lane: equal bytes are known there, and must not carry one caller's rights to another."""

import asyncio
import json
from collections.abc import Awaitable, Collection
from pathlib import Path

import pytest

from router.hooks import RequestContext, RouterHooks
from tests.server.auth.issuers import jwk, token
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.test_fast_lane import LAST, Pair, asked
from tests.server.wire import request

PROTECTED = (
    SUPERGRAPH.replace("name: String @join", "name: String @authenticated @join")
    .replace("reviews: [Review!]! @join", 'reviews: [Review!]! @requiresScopes(scopes: [["r"]]) @join')
    .replace("broken: Int @join", 'broken: Int @policy(policies: [["p"]]) @join')
    + """
directive @authenticated on FIELD_DEFINITION
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION
directive @policy(policies: [[String!]!]!) on FIELD_DEFINITION
"""
)
RIGHTS = ("", "known", "known r", "known p", "known r p", "p")


class Rights(RouterHooks):
    """Takes rights from a header; policies come later, if they do."""

    def __init__(self, *, awaits: bool) -> None:
        self.awaits = awaits

    def on_request(self, context: RequestContext) -> None:
        rights = context.headers.get("x-rights", "").split()
        context.claims = {"scope": " ".join(rights)} if "known" in rights else None

    def on_policies(
        self, context: RequestContext, policies: Collection[str]
    ) -> Awaitable[Collection[str]] | Collection[str]:
        held = context.headers.get("x-rights", "").split()
        return self.later(held) if self.awaits else held

    async def later(self, held: Collection[str]) -> Collection[str]:
        await asyncio.sleep(0)
        return held


def shows_names(held: list[str], sent: bytes, mode: str) -> bool:
    """Reviews must not be null: who may not have them gets no product."""
    may_all = "r" in held and (b"true" not in sent or "p" in held)
    return "known" in held and (b"stars" not in sent or ("r" in held and mode == "filter") or may_all)


@pytest.mark.parametrize("mode", ["filter", "reject"])
@pytest.mark.parametrize("awaits", [False, True])
def test_rights_count_on_both_ways(mode: str, awaits: bool) -> None:
    """Whoever asks before: equal bytes are known, with the plan of nobody."""
    pair = Pair(Rights(awaits=awaits), PROTECTED, authorization={"mode": mode, "errors": {"log": False}})
    body = asked(
        "query ($b: Boolean!) { products { id name reviews { stars } } broken @include(if: $b) }",
        variables={"b": False},
    )
    names = asked("{ products { name } }")
    try:
        for _ in range(3):
            for rights in (*RIGHTS, *reversed(RIGHTS)):
                for sent in (body, names, body.replace(b"false", b"true")):
                    answer = pair.check([request(sent, f"x-rights: {rights}")], [LAST])
                    assert (b"Pen" in answer) is shows_names(rights.split(), sent, mode)
                    assert b'"stars":' not in answer or "r" in rights.split()
        for app in pair.apps:
            transport = app.workshop.transport
            assert isinstance(transport, ShopTransport)
            for call in transport.calls:
                rights = call.context.headers.get("x-rights", "").split()
                assert b" name" not in call.body or "known" in rights
                assert call.subgraph != "reviews" or "r" in rights
                assert b"broken" not in call.body or "p" in rights
    finally:
        pair.close()


def test_tokens_count_on_both_ways(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk("Ed25519")]}))
    pair = Pair(
        None,
        PROTECTED,
        authentication={"jwt": {"jwks": [{"file": str(file)}]}},
        authorization={"errors": {"log": False}},
        headers={"claims": {"x-user": "sub"}},
    )
    body = asked("{ products { id name reviews { stars } } }")
    good, other = token(scope="r"), token(sub="eve")
    try:
        for _ in range(3):
            for bearer, has_name in (("", False), (good, True), (other, True), (token(exp=5), False), ("x", False)):
                headers = ([f"authorization: Bearer {bearer}"] if bearer else []) + ["x-user: forged"]
                answer = pair.check([request(body, *headers)], [LAST])
                assert (b"Pen" in answer) is (has_name and bearer == good)
        for app in pair.apps:
            transport = app.workshop.transport
            assert isinstance(transport, ShopTransport)
            assert {call.headers.get("x-user") for call in transport.calls} <= {None, "ada", "eve"}
            assert all(call.headers.get("x-user") == "ada" for call in transport.calls if call.subgraph == "reviews")
    finally:
        pair.close()
