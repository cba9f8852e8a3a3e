"""A subgraph that answers one bad representation with nothing for all: the others get their data nevertheless."""

from collections.abc import Iterable
from typing import Any

import pytest
from graphql import (
    FieldNode,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    VariableNode,
    build_schema,
    parse,
    validate,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.executor import SubgraphTraits
from tests.executor.plans import Subgraph, by_id, codes, entities, field, obj, paths, plan, root, run

SCHEMA = build_schema(
    "scalar _Any union _Entity = U | P type U { id: ID n: String } type P { id: ID n: String }"
    " type Query { _entities(representations: [_Any]): [_Entity] }"
)
NAMED = obj("U", field("n"))
TYPES = {"U": by_id("U"), "P": by_id("P")}


class Shop(Subgraph):
    """Answers as Saleor does.

    Args:
        bad: ids for which a whole `_entities` field is null.
        most: representations of one field.
        everything_fails: with what message, if it does.
    """

    def __init__(self, bad: Iterable[str] = (), *, most: int = 100, everything_fails: str | None = None) -> None:
        super().__init__(self.answer)
        self.bad, self.most, self.everything_fails = frozenset(bad), most, everything_fails
        self.fails_on: frozenset[str] = frozenset()
        """Requests for exactly these are not answered."""

    def answer(self, request: dict[str, Any]) -> Any:
        assert request.keys() <= {"query", "variables", "operationName"}  # no APQ
        document = parse(request["query"])
        assert not validate(SCHEMA, document, [NoUnusedVariablesRule])
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        if self.fails_on == {one["id"] for sent in request["variables"].values() for one in sent}:
            return (503, {"content-type": "text/html"}, b"<html>")
        data: dict[str, Any] = {}
        errors = []
        for selection in operation.selection_set.selections:
            assert isinstance(selection, FieldNode)
            assert selection.arguments
            (value,) = [argument.value for argument in selection.arguments]
            assert isinstance(value, VariableNode)  # no inline literals
            key = selection.alias.value if selection.alias else selection.name.value
            sent = request["variables"][value.name.value]
            bad = [one["id"] for one in sent if one["id"] in self.bad]
            message = self.everything_fails or (f"Invalid ID: {bad[0]}." if bad else None)
            if len(sent) > self.most:
                message = f"Federated query exceeded entity limit: {len(sent)} items requested over {self.most}."
            if message and sent:
                data[key] = None
                errors.append({"message": message, "path": [key]})
            else:  # grouped by type
                order = list(dict.fromkeys(one["__typename"] for one in sent))
                grouped = sorted(sent, key=lambda one: order.index(one["__typename"]))
                data[key] = [{"n": f"{one['__typename']}{one['id']}"} for one in grouped]
        return {"data": data, **({"errors": errors} if errors else {})}


def a_plan(**kinds: str) -> Any:
    """`us="U"`: the field `us` has a list of entities of the type `U`."""
    return plan(
        obj("Query", *[field(name, "[U]", NAMED) for name in kinds]),
        root("a", "{ " + " ".join(f"{name} {{ id }}" for name in kinds) + " }"),
        *[entities("b", f"... on {kind} {{ n }}", f"{name}@", TYPES[kind]) for name, kind in kinds.items()],
    )


async def ask(shop: Shop, most: int = 32, limit: int | None = None, **lists: Iterable[str]) -> dict[str, Any]:
    """The response; a list of P is one whose name begins with p."""
    kinds = {name: "P" if name.startswith("p") else "U" for name in lists}
    a = Subgraph({"data": {name: [{"id": i} for i in ids] for name, ids in lists.items()}})
    traits = SubgraphTraits(max_representations=limit, one_type_per_call=True, isolation=most)
    response: dict[str, Any] = await run(a_plan(**kinds), traits={"b": traits}, a=a, b=shop)
    return response


def names(ids: Iterable[str], bad: Iterable[str] = (), kind: str = "U") -> list[dict[str, Any]]:
    return [{"n": None if each in bad else f"{kind}{each}"} for each in ids]


async def test_without_it_one_takes_all_along() -> None:
    shop = Shop("3")
    response = await ask(shop, 0, us="12345")
    assert response["data"]["us"] == names("12345", "12345")
    assert len(shop.requests) == 1


async def test_the_others_get_their_data() -> None:
    shop = Shop("3")
    response = await ask(shop, us="12345678")
    assert response["data"]["us"] == names("12345678", "3")
    assert [error["message"] for error in response["errors"]] == ["Invalid ID: 3."]
    assert paths(response) == [["us", 2]]
    assert len(shop.requests) == 1 + 2 * 3


async def test_nothing_is_asked_again_when_nothing_fails() -> None:
    shop = Shop()
    assert await ask(shop, us="123", ps="45") == {"data": {"us": names("123"), "ps": names("45", kind="P")}}
    assert len(shop.requests) == 1


async def test_a_single_one_is_not_asked_for_again() -> None:
    shop = Shop("1")
    response = await ask(shop, us="1")
    assert paths(response) == [["us", 0]]
    assert len(shop.requests) == 1


async def test_only_the_field_that_failed_is_asked_for_again() -> None:
    shop = Shop("2")
    response = await ask(shop, us="123", ps="456")
    assert response["data"] == {"us": names("123", "2"), "ps": names("456", kind="P")}
    assert paths(response) == [["us", 1]]
    for request in shop.requests[1:]:
        assert min(map(len, request["variables"].values())) == 0


async def test_both_fields_have_a_bad_one() -> None:
    response = await ask(Shop("26"), us="1234", ps="5678")
    assert response["data"] == {"us": names("1234", "2"), "ps": names("5678", "6", "P")}
    assert sorted(paths(response)) == [["ps", 1], ["us", 1]]


async def test_chunks_are_searched_each_for_itself() -> None:
    shop = Shop("5", most=3)
    response = await ask(shop, limit=3, us="12345678")
    assert response["data"]["us"] == names("12345678", "5")
    assert paths(response) == [["us", 4]]


async def test_a_failure_that_is_about_nobody_is_given_up_soon_and_told_once() -> None:
    shop = Shop(everything_fails="Signature has expired")
    response = await ask(shop, us=[str(i) for i in range(64)])
    assert [error["message"] for error in response["errors"]] == ["Signature has expired"]
    assert paths(response) == [["us"]]
    assert len(shop.requests) == 1 + 2 + 4


async def test_bad_ones_in_each_of_the_first_pieces_are_told_apart_by_what_is_said_of_them() -> None:
    ids = [str(i) for i in range(100)]
    bad = ids[3::20]
    response = await ask(Shop(bad), 64, us=ids)
    assert response["data"]["us"] == names(ids, bad)
    assert sorted(paths(response)) == [["us", int(each)] for each in sorted(bad, key=int)]


async def test_it_is_bounded() -> None:
    ids = [str(i) for i in range(64)]
    shop = Shop(ids[::8])
    response = await ask(shop, 10, us=ids)
    assert len(shop.requests) <= 1 + 10
    missing = [each for each, got in zip(ids, response["data"]["us"], strict=True) if got["n"] is None]
    assert {*ids[::8]} <= {*missing}
    assert response["errors"]


async def test_a_piece_that_gets_no_answer_loses_its_own_part_only() -> None:
    shop = Shop("1")
    shop.fails_on = frozenset("5678")
    response = await ask(shop, us="12345678")
    assert response["data"]["us"] == names("12345678", "15678")
    assert sorted(codes(response)) == ["DOWNSTREAM_SERVICE_ERROR", "SUBREQUEST_HTTP_ERROR"]


async def test_what_follows_waits_for_the_pieces() -> None:
    the_plan = plan(
        obj("Query", field("us", "[U]", obj("U", field("n"), field("z")))),
        root("a", "{ us { id } }"),
        entities("b", "... on U { n }", "us@", TYPES["U"]),
        entities("c", "... on U { z }", "us@", by_id("U", "n"), after=(1,)),
    )
    c = Subgraph(
        lambda request: {"data": {"_entities": [{"z": one["n"]} for one in request["variables"]["representations"]]}}
    )
    a = Subgraph({"data": {"us": [{"id": i} for i in "123"]}})
    response = await run(the_plan, traits={"b": SubgraphTraits(isolation=32)}, a=a, b=Shop("2"), c=c)
    assert len(c.requests) == 1
    assert [each["z"] for each in response["data"]["us"]] == ["U1", None, "U3"]


async def test_data_null_counts_as_a_failure_of_all_fields() -> None:
    """Where the list must not be null, the whole answer is."""

    def strict(request: dict[str, Any]) -> dict[str, Any]:
        answer = Shop("2").answer(request)
        return {"data": None, "errors": answer["errors"]} if "errors" in answer else answer

    shop = Shop("2")
    shop.answers = (strict,)
    response = await ask(shop, us="123", ps="45")
    assert response["data"] == {"us": names("123", "2"), "ps": names("45", kind="P")}


async def test_singles_that_all_fail_tell_each_its_own() -> None:
    """Nothing is left to be halved, so nothing is given up: and nobody is told twice."""
    response = await ask(Shop("012"), us="0", ps="12")
    assert [(error["message"], error["path"]) for error in response["errors"]] == [
        ("Invalid ID: 0.", ["us", 0]),
        ("Invalid ID: 1.", ["ps", 0]),
        ("Invalid ID: 2.", ["ps", 1]),
    ]


async def test_a_failure_about_nobody_is_told_at_the_field_of_each_call() -> None:
    shop = Shop(everything_fails="Signature has expired")
    response = await ask(shop, us="12345", ps="6789")
    assert paths(response) == [["us"], ["ps"]]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 12), st.sets(st.integers(0, 51), max_size=12))
@example(1, 2, {0, 1, 2})
@example(2, 1, {0, 1, 2})
@example(3, 0, {0, 1, 2})
async def test_exactly_the_bad_ones_lack(us: int, ps: int, chosen: set[int]) -> None:
    """With requests enough."""
    ids = [str(i) for i in range(us + ps)]
    bad = {str(each % len(ids)) for each in chosen}
    shop = Shop(bad)
    response = await ask(shop, 1000, us=ids[:us], ps=ids[us:])
    assert response["data"]["us"] == names(ids[:us], bad)
    assert response["data"]["ps"] == names(ids[us:], bad, "P")
    places = [["us" if int(each) < us else "ps", int(each) - (0 if int(each) < us else us)] for each in bad]
    assert sorted(map(str, paths(response))) == sorted(map(str, places))


@pytest.mark.parametrize("bad", ["", "2"])
async def test_mixed_types_come_back_in_their_places(bad: str) -> None:
    """The subgraph groups by type; one type per call makes that harmless."""
    any_type = by_id(None, types="U P")
    the_plan = plan(
        obj("Query", field("us", "[U]", NAMED)),
        root("a", "{ us { __typename id } }"),
        entities("b", "... on U { n } ... on P { n }", "us@", any_type),
    )
    a = Subgraph({"data": {"us": [{"__typename": "UP"[i % 2], "id": str(i)} for i in range(6)]}})
    traits = {"b": SubgraphTraits(one_type_per_call=True, isolation=32)}
    response = await run(the_plan, traits=traits, a=a, b=Shop(bad))
    wanted = [{"n": None if str(i) in bad else f"{'UP'[i % 2]}{i}"} for i in range(6)]
    assert response["data"]["us"] == wanted
