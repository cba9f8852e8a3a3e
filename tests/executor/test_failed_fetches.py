"""Where clients are told that a fetch failed as a whole, however it did."""

from typing import Any

import pytest

from router.errors import SubgraphError
from router.executor import SubgraphTraits
from router.hooks import RouterHooks, SubgraphCall, SubgraphReply
from tests.executor.plans import Subgraph, by_id, codes, entities, field, obj, paths, plan, root, run

U = obj("U", field("n"))


class Refusing(RouterHooks):
    """As a breaker that is open does, or a hook."""

    async def on_fetch(self, call: SubgraphCall, send: Any) -> SubgraphReply:
        if call.subgraph != "bad":
            reply: SubgraphReply = await send(call)
            return reply
        raise SubgraphError("No more for now.", subgraph="bad", code="SUBGRAPH_CIRCUIT_OPEN")


async def unreachable(scope: Any, receive: Any, send: Any) -> None:
    raise ConnectionError


FAILURES: dict[str, tuple[Any, RouterHooks | None]] = {
    "5xx": (Subgraph((503, {"content-type": "text/html"}, b"<html>")), None),
    "no GraphQL": (Subgraph(b"garbage"), None),
    "no list": (Subgraph({"data": {"_entities": 1}}), None),
    "network": (unreachable, None),
    "refused": (Subgraph(), Refusing()),
}
failures = pytest.mark.parametrize("failure", FAILURES)


async def told(failure: str, projection: Any, *fetches: Any, **subgraphs: Any) -> list[Any]:
    bad, hooks = FAILURES[failure]
    response = await run(plan(projection, *fetches), hooks=hooks, bad=bad, **subgraphs)
    assert len(set(codes(response))) == 1
    return paths(response)


@pytest.mark.parametrize("failure", [name for name in FAILURES if name != "no list"])
async def test_each_root_field(failure: str) -> None:
    shape = obj("Query", field("mine", "U", U, storage="me"), field("us", "[U]", U), field("other"))
    asked = [root("bad", "{ me { n } us { n } }"), root("good", "{ other }")]
    assert await told(failure, shape, *asked, good=Subgraph({"data": {"other": "o"}})) == [["mine"], ["us"]]


@failures
async def test_entities_as_far_as_the_path_is_the_same_for_all(failure: str) -> None:
    shape = obj("Query", field("us", "[U]", U))
    asked = [root("a", "{ us { id } }"), entities("bad", "... on U { n }", "us@", by_id("U"))]
    one, two = [Subgraph({"data": {"us": [{"id": i} for i in ids]}}) for ids in ("1", "12")]
    assert await told(failure, shape, *asked, a=one) == [["us", 0]]
    assert await told(failure, shape, *asked, a=two) == [["us"]]


@failures
async def test_each_field_below_which_entities_were_asked_for(failure: str) -> None:
    shape = obj("Query", field("us", "[U]", U), field("mine", "U", U, storage="me"))
    asked = [root("a", "{ us { id } me { id } }")]
    asked += [entities("bad", "... on U { n }", path, by_id("U")) for path in ("us@", "me")]
    a = Subgraph({"data": {"us": [{"id": "1"}, {"id": "2"}], "me": {"id": "2"}}})
    assert await told(failure, shape, *asked, a=a) == [["us"], ["mine"]]


async def test_what_planning_alone_asked_for_is_told_where_the_client_can_see_it() -> None:
    shape = obj("Query", field("us", "[U]", obj("U", field("z"))))
    asked = [
        root("a", "{ us { id _h: owner { id } } }"),
        entities("bad", "... on P { n }", "us@._h", by_id("P")),
    ]
    a = Subgraph({"data": {"us": [{"id": "1", "z": "z", "_h": {"id": "1"}}]}})
    assert await told("5xx", shape, *asked, a=a) == [["us", 0]]


async def test_chunks_tell_their_own_places() -> None:
    shape = obj("Query", field("us", "[U]", U))
    asked = plan(shape, root("a", "{ us { id } }"), entities("b", "... on U { n }", "us@", by_id("U")))
    good = {"data": {"_entities": [{"n": "1"}]}}
    b = Subgraph(lambda request: good if request["variables"]["representations"][0]["id"] == "1" else b"garbage")
    a = Subgraph({"data": {"us": [{"id": i} for i in "12"]}})
    response = await run(asked, traits={"b": SubgraphTraits(max_representations=1)}, a=a, b=b)
    assert paths(response) == [["us", 1]]


async def test_a_request_without_a_path_when_nothing_of_it_can_be_seen() -> None:
    shape = obj("Query", field("x"))
    assert await told("5xx", shape, root("bad", "{ hidden }"), a=Subgraph()) == [None]
