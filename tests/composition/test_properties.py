"""What holds for any input: one result for any order, an API schema that loads, errors instead of exceptions."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from graphql import build_schema, lexicographic_sort_schema, parse, print_schema, validate_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Rejected, compose
from router.graph.api_schema import build_api_schema
from tests.composition.case_files import CASES, read_case, subgraphs
from tests.composition.feature_sets import random_case, random_features
from tests.composition.fuzz import fuzzed
from tests.composition.subgraph_designs import random_design
from tests.composition.subgraph_sets import random_subgraphs

Generator = Callable[[Random], dict[str, str]]

quietly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(min_value=0, max_value=10**6)


def broken_set(random: Random) -> dict[str, str]:
    """What fuzzing makes, of which some composes all the same."""
    return {name: sdl[:20_000] for name, sdl in fuzzed(random.randrange(10**6)).items()}


generators = st.sampled_from([random_subgraphs, random_design, random_features, random_case, broken_set])
ROOT = Path(__file__).parents[2]


def canonical(sdl: str) -> str:
    """The schema's text with types and fields in order, without descriptions' layout."""
    return print_schema(lexicographic_sort_schema(build_schema(sdl)))


@quietly
@given(generators, seeds, st.randoms(use_true_random=False))
def test_order_of_subgraphs_changes_nothing(generate: Generator, seed: int, random: Random) -> None:
    listed = subgraphs(generate(Random(seed)))
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert compose(shuffled) == compose(listed)


def test_neither_order_nor_the_seed_of_hashes_changes_a_byte() -> None:
    """In processes that go through sets in different orders; `python -m tests.composition.digests` does more."""
    outputs = []
    for hash_seed, *options in (("1",), ("2024", "--shuffle")):
        command = [sys.executable, "-m", "tests.composition.digests", "--count", "200", *options]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        outputs.append(subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True))
    first, second = (output.stdout.splitlines() for output in outputs)
    assert len(first) == 200
    assert first == second


@quietly
@given(generators, seeds)
def test_what_composes_loads_as_an_api_schema(generate: Generator, seed: int) -> None:
    result = compose(subgraphs(generate(Random(seed))))
    if isinstance(result, Rejected):
        assert result.errors
        return
    schema = build_api_schema(parse(result.supergraph_sdl))
    assert not validate_schema(schema)
    printed = print_schema(schema)
    assert "join__" not in printed
    assert canonical(printed) == canonical(result.api_sdl)


def mutated(text: str, random: Random) -> str:
    """The text with something cut, doubled, swapped or inserted."""
    tokens = text.split(" ")
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(tokens))
        match random.randrange(5):
            case 0:
                del tokens[at : at + random.randint(1, 4)]
            case 1:
                tokens[at:at] = tokens[at : at + random.randint(1, 8)]
            case 2:
                tokens[at] = random.choice(
                    ["{", "}", "[", "]!", '"', "@key", "é😀", "type", "extend", "[[[[", "$u", "_"]
                )
            case 3:
                other = random.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at] = tokens[at][::-1]
        tokens = tokens or ["type"]
    return " ".join(tokens)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CASES), seeds)
def test_broken_text_gives_errors_not_exceptions(path: Path, seed: int) -> None:
    case = read_case(path)
    random = Random(seed)
    broken = {name: mutated(sdl, random) for name, sdl in case.failing.items()}
    result = compose(subgraphs(broken))
    assert isinstance(result, Composed) or result.errors


@pytest.mark.parametrize(
    "sdl",
    [
        "",
        "{ a }",
        "type Query { a: " + "[" * 3000 + "Int" + "]" * 3000 + " }",
        "type Query { a: Int } directive @d(x: In) on FIELD input In { a: Int = {{}} }",
        "type Query { a: A } interface A implements A { b: Int }",
        "type Query { a: A } interface A implements B { b: Int } interface B implements A { b: Int }",
        "type Query { a(x: X): Int } input X { x: X! }",
        "union Query = Query",
        "schema { query: Int } type Query { a: Int }",
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", as: "", import: [1, {as: "@x"}, []])',
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: "@key") type Query { a: Int }',
        "extend schema @link type Query { a: Int }",
        'type Query { a: Int } type A @key(fields: "' + "a { " * 2000 + '") { a: A }',
        'type Query { a: A } type A @key(fields: "a { a { a { id } } }") { id: ID! a: A }',
    ],
)
def test_strange_text_gives_a_verdict(sdl: str) -> None:
    for other in ([], [("b", "type Query { b: Int }")]):
        result = compose(subgraphs(dict([("a", sdl), *other])))
        assert isinstance(result, Composed) or result.errors
