"""Each code has a set of subgraphs that fails with it, and a twin with the mistake mended."""

from pathlib import Path

import pytest

from router.composition import Composed, Rejected, Subgraph, compose
from tests.composition.case_files import CASES, read_case, subgraphs

# What concerns the whole set, or a name that stands in no SDL, has no place to point at.
WITHOUT_LOCATION = {"NO_QUERIES", "INVALID_SUBGRAPH_NAME"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_failing_set_gives_its_codes_and_the_mended_one_composes(path: Path) -> None:
    case = read_case(path)
    assert path.stem in case.codes
    rejected = compose(subgraphs(case.failing))
    assert isinstance(rejected, Rejected)
    assert {error.code for error in rejected.errors} == case.codes
    for error in rejected.errors:
        assert error.message.strip().endswith(".")
        assert error.subgraphs
        assert set(error.subgraphs) <= case.failing.keys()
        if error.code not in WITHOUT_LOCATION:
            assert error.locations, error
        for place in error.locations:
            lines = case.failing[place.subgraph].splitlines()
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1])
    mended = compose(subgraphs(case.mended))
    assert isinstance(mended, Composed), mended.errors


def test_errors_of_several_subgraphs_and_kinds_come_in_one_run() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@external"])\n'
    result = compose(
        subgraphs(
            {
                "a": link + 'type Query { t: T } type T @key(fields: "nope") { id: ID! unused: Int @external }',
                "b": "type Query { x: Missing }",
                "c": "type {",
            }
        )
    )
    assert isinstance(result, Rejected)
    found = [(error.code, error.subgraphs) for error in result.errors]
    assert found == [
        ("EXTERNAL_UNUSED", ("a",)),
        ("INVALID_GRAPHQL", ("c",)),
        ("INVALID_GRAPHQL", ("b",)),
        ("KEY_INVALID_FIELDS", ("a",)),
    ]


def test_locations_name_file_line_and_column() -> None:
    result = compose([Subgraph("a", "type Query {\n  x: Missing\n}", file="a.graphql")])
    assert isinstance(result, Rejected)
    assert [str(place) for place in result.errors[0].locations] == ["a.graphql:2:3"]


def test_satisfiability_error_shows_a_query_and_a_reason_for_each_subgraph() -> None:
    case = read_case(next(path for path in CASES if path.stem == "SATISFIABILITY_ERROR"))
    result = compose(subgraphs(case.failing))
    assert isinstance(result, Rejected)
    message = next(e.message for e in result.errors if e.coordinate == "T.n")
    assert message == (
        "The query\n{\n  t {\n    n\n  }\n}\ncannot be resolved by the subgraphs because:\n"
        '- in subgraph "a": there is no field "T.n".\n'
        '- subgraph "b" cannot be entered by @key(fields: "sku") of "T": these fields cannot be had from "a".'
    )


def test_nothing_to_compose_is_an_error() -> None:
    result = compose([])
    assert isinstance(result, Rejected)
    assert [e.code for e in result.errors] == ["NO_QUERIES"]
