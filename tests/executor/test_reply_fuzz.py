"""Whatever subgraphs answer: the response is as GraphQL's specification wants it, and nothing is raised."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import SubgraphTraits, compile_plan
from tests.executor.plans import SCHEMA, Subgraph, abstract, by_id, client, context, entities, field, obj, plan, root

USER = obj(
    "User",
    field("id", "ID!"),
    field("name", "String!"),
    field("age", "Int"),
    field("role", "Role", enum="ADMIN GUEST"),
    field("pets", "[Pet!]", abstract("Pet", Cat=(field("lives", "Int!"),), Dog=(field("barks", "Boolean"),))),
    field("json", "Json"),
)
PLAN = plan(
    obj(
        "Query",
        field("users", "[User!]", USER),
        field("me", "User", USER),
        field("n", "[[Int!]]!"),
        field("home", "Home", obj("Home", field("query", "Query", obj("Query", field("n", "[[Int!]]"))))),
    ),
    root("a", "{ users { id } me { id } n home { query { __typename } } }"),
    *(
        entities("b", "... on User { name age role pets { __typename lives barks } json }", path, by_id("User"))
        for path in ("users@", "me")
    ),
    root("a", "{ n }", path="home.query", after=(0,)),
)
COMPILED = [
    compile_plan(PLAN, SCHEMA, {"b": traits})
    for traits in (SubgraphTraits(), SubgraphTraits(max_representations=1), SubgraphTraits(batching=False))
]

GOOD: dict[str, Any] = {
    "a": {
        "data": {
            "users": [{"id": "1"}, {"id": "2"}],
            "me": {"id": "1"},
            "n": [[1], [2, 3]],
            "home": {"query": {"__typename": "Query"}},
        }
    },
    "b": {
        "data": {
            "_entities": [
                {"name": "x", "age": 1, "role": "ADMIN", "pets": [{"__typename": "Cat", "lives": 9}], "json": {"a": 1}},
                {"name": "y", "age": None, "role": None, "pets": [{"__typename": "Dog", "barks": True}], "json": []},
            ]
        }
    },
}

leaves = st.sampled_from([None, True, 0, -1, 1.5, 2**40, "", "x", "ADMIN", "Cat", "__typename", "_entities"])
keys = st.sampled_from(
    ["id", "name", "n", "users", "_entities", "__typename", "message", "path", "data", "errors", "x"]
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
)
segments = st.one_of(keys, st.integers(-2, 3), leaves)
errors = st.fixed_dictionaries(
    {},
    optional={
        "message": st.one_of(st.just("m"), anything),
        "path": st.one_of(
            st.lists(segments, max_size=5),
            st.lists(segments, max_size=3).map(lambda rest: ["_entities", 0, *rest]),
            anything,
        ),
        "extensions": st.one_of(st.just({"code": "C", "stacktrace": ["secret"]}), anything),
        "locations": anything,
    },
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with something else at one place in it, or without that place."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 4)) == 0:
        return draw(anything)
    key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    change = draw(st.sampled_from(["inside", "inside", "inside", "drop", "double"]))
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if change == "drop":
        del copy[key]
    elif change == "double" and isinstance(copy, list):
        copy.append(copy[key])
    else:
        copy[key] = draw(mutated(value[key]))
    return copy


@st.composite
def replies(draw: st.DrawFn, name: str) -> Any:
    """An answer's body, or status, headers and body."""
    good = GOOD[name]
    document = draw(
        st.one_of(
            st.just(good),
            mutated(good),
            mutated(good).flatmap(mutated),
            anything,
            st.lists(errors, max_size=3).map(lambda several: {**good, "errors": several}),
            st.lists(errors, max_size=2).map(lambda several: {"data": None, "errors": several}),
            anything.map(lambda strange: {**good, "errors": strange}),
        )
    )
    body = orjson.dumps(document)
    kind = draw(st.sampled_from(["json"] * 8 + ["cut", "garbled", "html", "status"]))
    if kind == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if kind == "garbled":
        return body.replace(draw(st.sampled_from([b'"', b"[", b"{", b":", b"1"])), draw(st.binary(max_size=2)))
    if kind == "html":
        return b"<html>down</html>"
    if kind == "status":
        media = draw(st.sampled_from(["application/json", "application/graphql-response+json", "text/html", "x"]))
        return draw(st.sampled_from([200, 204, 302, 400, 401, 500, 503])), {"content-type": media}, body
    return body


class Fuzzed(Subgraph):
    """Answers any bytes; `Subgraph` cannot be asked for those of its own."""


def check_response(response: Any) -> None:
    """GraphQL specification, section 7.1, as far as it is the executor's business."""
    assert set(response) <= {"data", "errors"}
    assert "data" in response
    data = response["data"]
    assert data is None or isinstance(data, dict)
    if "errors" in response:
        assert response["errors"]
        assert len({orjson.dumps(error) for error in response["errors"]}) == len(response["errors"])
    for error in response.get("errors", ()):
        assert set(error) <= {"message", "path", "extensions"}
        assert isinstance(error["message"], str)
        assert isinstance(error["extensions"]["code"], str)
        assert error["extensions"]["service"] in {"a", "b"}
        assert "stacktrace" not in error["extensions"]
        if "path" in error:
            check_path(error["path"], data)
    if data is None:
        assert response["errors"]
    else:
        check_data(data)


def check_path(path: list[Any], data: Any) -> None:
    """A path leads to a place of the response, or to where a null ends it."""
    assert path
    value = data
    for segment in path:
        assert isinstance(segment, str | int)
        assert not isinstance(segment, bool)
        if value is None:
            continue
        if isinstance(segment, int):
            assert isinstance(value, list), path
            assert 0 <= segment < len(value), path
            value = value[segment]
        else:
            assert isinstance(value, dict), path
            assert segment in value, path
            value = value[segment]


def check_data(data: dict[str, Any]) -> None:
    assert list(data) == ["users", "me", "n", "home"]
    assert isinstance(data["n"], list)
    assert all(
        row is None or (isinstance(row, list) and all(isinstance(item, int) for item in row)) for row in data["n"]
    )
    people = [*(data["users"] or ()), *([data["me"]] if data["me"] is not None else ())]
    for person in people:
        assert list(person) == ["id", "name", "age", "role", "pets", "json"]
        assert isinstance(person["id"], str)
        assert isinstance(person["name"], str)
        assert person["age"] is None or isinstance(person["age"], int)
        assert person["role"] in {None, "ADMIN", "GUEST"}
        for pet in person["pets"] or ():
            assert isinstance(pet["lives"], int) if "lives" in pet else isinstance(pet["barks"], bool | None)
    if data["home"] is not None and data["home"]["query"] is not None:
        assert list(data["home"]["query"]) == ["n"]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(replies("a"), min_size=1, max_size=2), st.lists(replies("b"), min_size=1, max_size=3), st.integers(0, 2)
)
async def test_the_response_is_well_formed_whatever_subgraphs_answer(a: list[Any], b: list[Any], which: int) -> None:
    # A good start in most cases: what comes later is reached only then.
    subgraphs = {"a": Fuzzed(*a), "b": Fuzzed(*b)}
    response = await COMPILED[which].execute({}, context(), client(subgraphs))
    check_response(orjson.loads(orjson.dumps(response)))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(replies("b"), min_size=1, max_size=3), st.integers(0, 2))
async def test_a_good_subgraphs_data_stays_whatever_another_answers(b: list[Any], which: int) -> None:
    subgraphs = {"a": Fuzzed(orjson.dumps(GOOD["a"])), "b": Fuzzed(*b)}
    response = await COMPILED[which].execute({}, context(), client(subgraphs))
    check_response(orjson.loads(orjson.dumps(response)))
    assert response["data"]["n"] == [[1], [2, 3]]
    assert response["data"]["home"] == {"query": {"n": [[1], [2, 3]]}}


async def test_the_good_answers_are_good() -> None:
    response = await COMPILED[0].execute({}, context(), client({"a": Subgraph(GOOD["a"]), "b": Subgraph(GOOD["b"])}))
    assert "errors" not in response
    check_response(response)
    assert response["data"]["me"]["name"] == "x"
