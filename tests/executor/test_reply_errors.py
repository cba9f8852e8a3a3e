"""Many errors, and errors of what is in many places: bounded lists, work that grows with the reply, the same data."""

from typing import Any

import orjson
import pytest

from router.executor import ErrorExposure, compile_plan
from router.executor.error_list import MAX_ERRORS, ErrorList, null_errors
from router.executor.reply_errors import MAX_PLACES
from tests.executor.plans import SCHEMA, Subgraph, by_id, client, context, entities, field, obj, paths, plan, root, run
from tests.executor.test_cost import calls, execution, in_a_loop

NULLABLE = obj("U", field("id"), field("n"))
STRICT = obj("U", field("id"), field("n", "String!"))


def users(shape: Any, type_: str = "[U]") -> Any:
    return plan(
        obj("Query", field("us", type_, shape)),
        root("a", "{ us { id } }"),
        entities("b", "... on U { n }", "us@", by_id("U")),
    )


def same(size: int) -> Subgraph:
    """So many times the same user."""
    return Subgraph({"data": {"us": [{"id": "1"}] * size}})


def others(size: int) -> Subgraph:
    return Subgraph({"data": {"us": [{"id": str(number)} for number in range(size)]}})


def failing(*errors: Any, found: Any = None) -> Subgraph:
    return Subgraph({"data": {"_entities": found or [{"n": None}]}, "errors": list(errors)})


def told(message: str, *path: Any) -> dict[str, Any]:
    return {"message": message, "path": ["_entities", *path], "extensions": {"code": "NOT_FOUND"}}


def omitted(response: dict[str, Any]) -> int:
    """What the last error counts; it is the only one that counts."""
    *listed, last = response["errors"]
    assert not any("omitted" in error["extensions"] for error in listed)
    count: int = last["extensions"]["omitted"]
    assert last["message"] == f"{count} more {'error is' if count == 1 else 'errors are'} not listed."
    assert "path" not in last
    return count


async def test_an_error_is_listed_at_so_many_places_and_the_others_are_counted() -> None:
    response = await run(users(NULLABLE), a=same(MAX_PLACES + 1), b=failing(told("m", 0, "n")))
    assert paths(response)[:-1] == [["us", index, "n"] for index in range(MAX_PLACES)]
    assert omitted(response) == 1
    assert response["errors"][-1]["extensions"]["code"] == "NOT_FOUND"
    response = await run(users(NULLABLE), a=same(MAX_PLACES), b=failing(told("m", 0, "n")))
    assert paths(response) == [["us", index, "n"] for index in range(MAX_PLACES)]


@pytest.mark.parametrize("size", [2 * MAX_PLACES, 20_000])
async def test_nulls_that_an_error_explains_which_is_not_listed_get_no_other(size: int) -> None:
    response = await run(users(STRICT), a=same(size), b=failing(told("m", 0, "n")))
    assert response["data"] == {"us": [None] * size}
    assert {error["message"] for error in response["errors"][:-1]} == {"m"}
    assert (len(response["errors"]), omitted(response)) == (MAX_PLACES + 1, size - MAX_PLACES)


async def test_a_response_lists_so_many_errors_whoever_reports_them() -> None:
    size = MAX_ERRORS + 500
    errors = [told(f"m{index}", index, "n") for index in range(size)]
    response = await run(users(STRICT), a=others(size), b=failing(*errors, found=[{"n": None}] * size))
    assert response["data"] == {"us": [None] * size}
    assert [error["message"] for error in response["errors"][:-1]] == [f"m{index}" for index in range(MAX_ERRORS)]
    assert omitted(response) == 500
    unexplained = await run(users(STRICT), a=others(size), b=Subgraph({"data": {"_entities": [{"n": None}] * size}}))
    assert unexplained["data"] == response["data"]
    assert (len(unexplained["errors"]), omitted(unexplained)) == (MAX_ERRORS + 1, 500)
    assert unexplained["errors"][-1]["extensions"]["code"] == "RESPONSE_VALIDATION_FAILED"


async def test_errors_that_are_not_told_apart_are_not_counted_again() -> None:
    errors = [told(f"secret {index}", 0, "n") for index in range(5_000)]
    compiled = compile_plan(users(NULLABLE), SCHEMA, exposure=ErrorExposure(default=False))
    response = await compiled.execute({}, context(), client({"a": same(150), "b": failing(*errors)}))
    assert (len(response["errors"]), omitted(response)) == (MAX_PLACES + 1, 50)


@pytest.mark.parametrize(
    "error",
    [
        lambda index: told(f"m{index}", 0, "n"),
        lambda index: told(f"m{index}", 0, "n", index),
        lambda index: {"message": f"m{index}"},
    ],
    ids=["at one place", "below it", "nowhere"],
)
async def test_many_errors_of_many_places_are_listed_within_bounds(error: Any) -> None:
    response = await run(users(STRICT), a=same(2_000), b=failing(*map(error, range(2_000))))
    assert response["data"] == {"us": [None] * 2_000}
    assert len(response["errors"]) == MAX_ERRORS + 1
    assert omitted(response)
    assert len(orjson.dumps(response["errors"])) < 200 * MAX_ERRORS


def work(size: int, errors: int, error: Any) -> int:
    """Calls that a run makes whose reply has so many errors of one object, or each of its own, in so many places."""
    compiled = compile_plan(users(STRICT), SCHEMA)
    is_one = error(0) == error(1) or error(0).get("path", [0, 0])[1] == error(1).get("path", [0, 0])[1]
    found = [{"id": "1" if is_one else str(number)} for number in range(size)]

    def data(_: int) -> dict[str, Any]:
        return {
            "a": {"us": found},
            "b": {"_entities": [{"n": None}] * (1 if is_one else size)},
        }

    run_once = execution(compiled, data, size, errors={"b": [error(number) for number in range(errors)]})
    return sum(in_a_loop(lambda: calls(run_once)).values())


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (lambda _: told("m", 0, "n"), lambda _: 1),
        (lambda index: told(f"m{index}", 0, "n"), lambda size: size),
        (lambda index: told("m", 0, "n", index), lambda size: size),
        (lambda index: told("m", index, "n"), lambda size: size),
        (lambda index: {"message": f"m{index}"}, lambda size: size),
    ],
    ids=["one error", "of one place", "below one place", "each of its own", "nowhere"],
)
def test_the_work_grows_as_the_reply_does(error: Any, errors: Any) -> None:
    small, large = (work(size, errors(size), error) for size in (1_500, 6_000))
    assert large < 6 * small


def test_what_counts_belongs_to_the_part_and_comes_last() -> None:
    listed = ErrorList()
    for number in range(MAX_ERRORS - 1):
        listed.add({"message": str(number), "extensions": {"code": "X"}}, number % 2)
    listed.omit(0, "NONE")
    listed.omit(3, "A", 1)
    for number in range(3):
        listed.add({"message": f"late {number}", "extensions": {"code": "B"}}, 2)
    assert listed.room == 0
    assert [(e["extensions"]["code"], e["extensions"]["omitted"]) for e in listed.told()[-2:]] == [("A", 3), ("B", 2)]
    assert listed.told()[-3]["message"] == "late 0"
    assert [
        part for error, part in zip(listed.errors, listed.parts, strict=True) if "omitted" in error["extensions"]
    ] == [1, 2]


def test_nulls_of_a_part_are_bounded_and_made_only_if_listed() -> None:
    made = []

    def make(path: Any, message: str) -> dict[str, Any]:
        made.append(path)
        return {"message": message, "path": list(path), "extensions": {"code": "X"}}

    errors = null_errors([(("a", number), "m") for number in range(MAX_ERRORS + 7)], make)
    assert (len(made), len(errors), errors[-1]["extensions"]["omitted"]) == (MAX_ERRORS, MAX_ERRORS + 1, 7)
