"""Default values that need themselves are found, and no others: as graphql-core judges the same schema."""

from random import Random

import pytest
from graphql import build_schema, validate_schema

from router.composition import Composed, Rejected, Subgraph, compose

QUERY = "type Query { q(a: A): Int }\n"


@pytest.mark.parametrize(
    ("sdl", "circle"),
    [
        ("input A { a: A = {} }", "A.a -> A.a"),
        ("input A { b: B = {} } input B { a: A = {} }", "A.b -> B.a -> A.b"),
        ("input A { b: [[B!]!] = [[{x: 1}]] } input B { x: Int a: A = {} }", "A.b -> B.a -> A.b"),
        ("input A { b: B = {c: {}} } input B { c: C } input C { a: [A] = [{}] }", "A.b -> C.a -> A.b"),
    ],
)
def test_circles(sdl: str, circle: str) -> None:
    result = compose([Subgraph("s", QUERY + sdl)])
    assert isinstance(result, Rejected)
    (error,) = result.errors
    assert (error.code, error.coordinate) == ("INVALID_GRAPHQL", circle.partition(" ")[0])
    assert f": {circle}. " in error.message
    assert error.locations


@pytest.mark.parametrize(
    "sdl",
    [
        "input A { a: A }",
        "input A { a: A = null }",
        "input A { a: A = {a: null} }",
        "input A { b: B = {a: {b: null}} } input B { a: A = {} }",
        "input A { list: [A] = [] }",
        "input A { b: B = {} c: B = {} } input B { x: Int = 1 }",
    ],
)
def test_no_circles(sdl: str) -> None:
    assert isinstance(compose([Subgraph("s", QUERY + sdl)]), Composed)


def test_the_verdict_is_that_of_graphql_core() -> None:
    circles = 0
    for seed in range(300):
        random = Random(seed)

        def value(depth: int, random: Random = random) -> str:
            if depth == 0 or random.random() < 0.3:
                return random.choice(["{}", "null", "{}"])
            names = random.sample("xyz", random.randint(0, 2))
            return "{" + " ".join(f"{name}: {value(depth - 1)}" for name in names) + "}"

        sdl = QUERY
        for type_name in "ABC":
            fields = (
                f"{name}: {random.choice('ABC')}{f' = {value(2)}' if random.random() < 0.2 else ''}" for name in "xyz"
            )
            sdl += f"input {type_name} {{ {' '.join(fields)} }}\n"
        expected = bool(validate_schema(build_schema(sdl)))
        circles += expected
        assert isinstance(compose([Subgraph("s", sdl)]), Rejected) == expected, sdl
    assert 50 < circles < 250
