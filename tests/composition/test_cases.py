"""Each code has a set of subgraphs that fails with it, and a twin with the mistake mended."""

import re
from pathlib import Path

import pytest

from router.composition import Composed, Rejected, Subgraph, compose
from router.composition.codes import HINTS
from tests.composition.case_files import CASES, HINT_CASES, read_case, subgraphs

# What concerns the whole set, or a name that stands in no SDL, has no place to point at.
WITHOUT_LOCATION = {"NO_QUERIES", "INVALID_SUBGRAPH_NAME"}

# The fix stands at the start of a clause, as what to do.
FIX = re.compile(
    r"(?:[:;,.]|\bor|\band)\s(?:add|change|correct|define|give|hide|import|keep|leave|let|link|make|mark|mend|name|put"
    r"|remove|rename|repeat|resolve|say|serve|settle|upgrade|use|write)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_failing_set_gives_its_codes_and_the_mended_one_composes(path: Path) -> None:
    case = read_case(path)
    assert path.stem in case.codes
    rejected = compose(subgraphs(case.failing))
    assert isinstance(rejected, Rejected)
    assert {error.code for error in rejected.errors} == case.codes
    mended = compose(subgraphs(case.mended))
    assert isinstance(mended, Composed), mended.errors


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_errors_say_what_where_who_and_what_to_do(path: Path) -> None:
    case = read_case(path)
    result = compose(subgraphs(case.failing))
    assert isinstance(result, Rejected)
    for error in result.errors:
        assert error.message.endswith("."), error
        assert FIX.search(error.message), error
        assert error.coordinate or error.code == "INVALID_SUBGRAPH_NAME", error
        assert (error.coordinate or "").lstrip("@") in error.message or error.coordinate == "@link", error
        assert error.subgraphs
        assert set(error.subgraphs) <= case.failing.keys()
        for name in error.subgraphs:
            assert re.search(rf'["\[, ]{name}["\],]', error.message), error
        assert error.locations or error.code in WITHOUT_LOCATION, error
        for place in error.locations:
            lines = case.failing[place.subgraph].splitlines()
            assert place.file == f"{place.subgraph}.graphql"
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1])


@pytest.mark.parametrize("path", [p for p in CASES if len(read_case(p).failing) > 1], ids=lambda path: path.stem)
def test_errors_of_disagreement_point_into_every_subgraph_they_name(path: Path) -> None:
    result = compose(subgraphs(read_case(path).failing))
    assert isinstance(result, Rejected)
    for error in result.errors:
        if error.code != "SATISFIABILITY_ERROR":  # where the query comes from has no such field
            assert {place.subgraph for place in error.locations} == set(error.subgraphs), error


@pytest.mark.parametrize("path", HINT_CASES, ids=lambda path: path.stem)
def test_hinted_set_gives_its_hint_and_the_mended_one_does_not(path: Path) -> None:
    case = read_case(path)
    hinted = compose(subgraphs(case.failing))
    assert isinstance(hinted, Composed), hinted.errors
    found = [hint for hint in hinted.hints if hint.code == path.stem]
    assert found
    for hint in hinted.hints:
        assert hint.level == HINTS[hint.code].severity
        assert hint.message.endswith(".")
        assert set(hint.subgraphs) <= case.failing.keys()
    mended = compose(subgraphs(case.mended))
    assert isinstance(mended, Composed), mended.errors
    assert path.stem not in {hint.code for hint in mended.hints}


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
        '- subgraph "b" cannot be entered by @key(fields: "sku") of "T": these fields cannot be had from "a".\n'
        'Add a @key that leads there, or resolve "T.n" where the query comes from.'
    )


def test_nothing_to_compose_is_an_error() -> None:
    result = compose([])
    assert isinstance(result, Rejected)
    assert [e.code for e in result.errors] == ["NO_QUERIES"]
