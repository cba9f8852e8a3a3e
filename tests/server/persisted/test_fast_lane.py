"""Documents by id take the fast lane, and get the same answers there as without it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.hooks import RequestContext, RouterHooks
from router.server.http1 import LaneProtocol
from router.server.persisted.automatic import hash_of
from tests.server.test_fast_lane import LAST, Pair, asked
from tests.server.wire import request

PEN, INK = '{ product(id: "1") { name } }', '{ product(id: "2") { name } }'
VARIABLE = "query ($id: ID!) { product(id: $id) { name } }"
DEFERRED = '{ product(id: "1") { id ... @defer { name } } }'
PARTS = "accept: multipart/mixed;deferSpec=20220824, application/json"


def by_hash(text: str, query: str | None = None, **more: Any) -> bytes:
    body: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}, **more}
    return json.dumps(body if query is None else {**body, "query": query}).encode()


class Tenants(RouterHooks):
    """Takes the partition from a header, in two ways."""

    def __init__(self, *, awaits: bool) -> None:
        self.awaits = awaits

    def on_request(self, context: RequestContext) -> Any:
        context.partition = context.headers.get("x-tenant", "")
        return self.nothing() if self.awaits else None

    async def nothing(self) -> None:
        pass


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the lane has left to uvicorn."""
    found: list[bytes] = []
    leave = LaneProtocol.leave

    def noting(self: LaneProtocol, data: bytes) -> None:
        found.append(data)
        leave(self, data)

    monkeypatch.setattr(LaneProtocol, "leave", noting)
    return found


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_a_known_hash_takes_the_lane(pair: Pair, left: list[bytes]) -> None:
    answers = pair.check(
        [request(by_hash(PEN))],
        [request(by_hash(PEN, PEN))],
        *([request(body)] for body in [by_hash(PEN), json.dumps({"documentId": hash_of(PEN)}).encode()] * 3),
        [request(by_hash(VARIABLE, VARIABLE, variables={"id": "1"}))],
        *([request(by_hash(VARIABLE, variables={"id": id_}))] for id_ in ("1", "2", "1", {}, "2")),
        [request(by_hash(PEN, INK))],
        [request(by_hash(PEN, operationName="Nope"))],
        [LAST],
    )
    assert left == [LAST]
    assert answers.count(b'{"data":{"product":{"name":"Pen"}}}') == 10
    assert answers.count(b'{"data":{"product":{"name":"Ink"}}}') == 2
    for code in (b"PERSISTED_QUERY_NOT_FOUND", b"PERSISTED_QUERY_HASH_MISMATCH", b"BAD_USER_INPUT", b"RESOLUTION_FAIL"):
        assert answers.count(code) == 1


def test_parts_are_still_parts(pair: Pair) -> None:
    register, ask = request(by_hash(DEFERRED, DEFERRED)), by_hash(DEFERRED)
    answers = pair.check([register], [request(ask)], [request(ask, PARTS)], [request(ask)], [LAST])
    assert answers.count(b'"hasNext":false') == 1


def test_who_takes_parts_takes_the_lane_where_there_are_none(pair: Pair, left: list[bytes]) -> None:
    """As Apollo Client asks for everything."""
    ask, deferred = by_hash(PEN), request(by_hash(DEFERRED), PARTS)
    pair.check([request(ask, PARTS)], [request(by_hash(PEN, PEN), PARTS)], [LAST])
    pair.check([request(by_hash(DEFERRED, DEFERRED), PARTS)], [LAST])
    left.clear()
    answers = pair.check(*([request(ask, PARTS)] for _ in range(3)), [deferred], [LAST])
    assert answers.count(b'{"data":{"product":{"name":"Pen"}}}') == 3
    assert answers.count(b'"hasNext":false') == 1
    assert left == [deferred, LAST]


def test_a_hash_that_is_forgotten_is_not_known_to_be_whole() -> None:
    texts = [f'{{ product(id: "{n}") {{ name }} }}' for n in range(20)]
    pair = Pair(automatic_persisted_queries={"max_bytes": 3000})
    try:
        for text in [*texts, DEFERRED]:
            pair.check([request(by_hash(text, text), PARTS)], [LAST])
        memory = pair.apps[0].persisted._memory
        assert set(memory.whole) == {hash_ for (_, hash_), text in memory._texts.items() if text != DEFERRED}
        for text in [*texts, DEFERRED]:
            pair.check([request(by_hash(text), PARTS)], [LAST])
    finally:
        pair.close()


@pytest.mark.parametrize("automatic", [False, True])
def test_an_id_that_means_parts_for_one_client_leaves_the_lane_for_all(
    tmp_path: Path, left: list[bytes], automatic: bool
) -> None:
    operations = [
        {"id": "x", "body": PEN, "clientName": "a"},
        {"id": "x", "body": DEFERRED, "clientName": "b"},
        {"id": "y", "body": INK, "clientName": "a"},
        {"id": "z", "body": PEN},
    ]
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    pair = Pair(
        trusted_documents={"manifests": [tmp_path / "manifest.json"]},
        automatic_persisted_queries={"enabled": automatic},
    )
    try:
        asking = {
            (id_, name): request(json.dumps({"documentId": id_}).encode(), PARTS, f"x-client-name: {name}")
            for id_ in ("x", "y", "z", hash_of(INK), "sha256:" + hash_of(PEN), hash_of(DEFERRED))
            for name in ("a", "b", "c")
        }
        answers = pair.check(*([each] for each in [*asking.values(), *asking.values()]), [LAST])
        assert answers.count(b'"hasNext":false') == 2 * 2
        gone = {key for key, each in asking.items() if each in left}
        in_parts = {"x", hash_of(DEFERRED)} | ({hash_of(INK)} if automatic else set())
        assert gone == {key for key in asking if key[0] in in_parts}
    finally:
        pair.close()


@pytest.mark.parametrize("awaits", [False, True])
def test_partitions_stay_apart(awaits: bool) -> None:
    pair = Pair(Tenants(awaits=awaits))
    try:
        turns = []
        for tenant in ("a", "b", "a", "", "a"):
            turns.append([request(by_hash(PEN), f"x-tenant: {tenant}")])
            if len(turns) == 1:
                turns.append([request(by_hash(PEN, PEN), "x-tenant: a")])
        answers = pair.check(*turns, [LAST])
        assert answers.count(b'"Pen"') == 3
        assert answers.count(b"PERSISTED_QUERY_NOT_FOUND") == 3
    finally:
        pair.close()


@pytest.mark.parametrize("mode", ["off", "log", "enforce"])
def test_documents_of_a_client(tmp_path: Path, mode: str) -> None:
    operations = [
        {"id": "x", "body": PEN, "clientName": "a"},
        {"id": "x", "body": DEFERRED, "clientName": "b"},
        {"id": "x", "body": INK},
    ]
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    pair = Pair(trusted_documents={"manifests": [tmp_path / "manifest.json"], "mode": mode})
    try:
        ask = json.dumps({"documentId": "x"}).encode()
        turns = [[request(ask, f"x-client-name: {name}")] for name in ("a", "b", "c", "a", "b")]
        turns += [[request(ask, "x-client-name: b", PARTS)], [request(ask, "x-client-name: a", PARTS)]]
        turns += [[request(asked(text))] for text in (PEN, INK)]
        answers = pair.check(*turns, [LAST])
        assert answers.count(b"QUERY_NOT_IN_SAFELIST") == (mode == "enforce")
        assert answers.count(b'"hasNext":false') == 1
    finally:
        pair.close()


def test_what_only_redis_knows(redis_url: str) -> None:
    settings = {"url": redis_url, "key_prefix": "lane:", "timeout_s": 5}
    first = Pair(redis=settings)
    second = Pair(redis=settings)
    try:
        first.answers([request(by_hash(PEN, PEN))], [LAST])
        for app in first.apps:
            assert app.persisted._shared is not None
            first.loop.run_until_complete(app.persisted._shared.written())
        answers = second.check([request(by_hash(PEN))], [request(by_hash(PEN))], [request(by_hash(INK))], [LAST])
        assert answers.count(b'"Pen"') == 2
        assert answers.count(b"PERSISTED_QUERY_NOT_FOUND") == 1
    finally:
        first.close()
        second.close()


def test_another_manifest_after_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"x": PEN}))
    pair = Pair(trusted_documents={"manifests": [file]})
    ask = request(json.dumps({"documentId": "x"}).encode())
    try:
        assert b"Pen" in pair.check([ask], [ask], [LAST])
        file.write_text(json.dumps({"x": INK}))
        for app in pair.apps:
            pair.loop.run_until_complete(app.reload())
        assert b"Ink" in pair.check([ask], [ask], [LAST])
    finally:
        pair.close()
