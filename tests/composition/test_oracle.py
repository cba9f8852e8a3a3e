"""Our verdict, codes and supergraphs are those of the reference composer."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from router.composition import Composed, Rejected, compose
from tests.composition.case_files import CASES, HINT_CASES, read_case, subgraphs
from tests.composition.comparison import differing_hints
from tests.composition.join_model import differences, join_model
from tests.composition.oracle import SHARED, Oracle
from tests.composition.subgraph_designs import random_design
from tests.composition.subgraph_sets import random_subgraphs

SCENARIOS = json.loads((SHARED / "scenarios.json").read_text()) if (SHARED / "scenarios.json").is_file() else []
RANDOM_SETS = int(os.environ.get("COMPOSITION_RANDOM_SETS", "100"))

# It composes connectors, for a router that can execute them; ours cannot.
STRICTER = {"UNSUPPORTED_FEATURE"}


def assert_same(oracle: Oracle, sdls: dict[str, str]) -> bool:
    """Compares both composers on one set; says whether it composes."""
    theirs = oracle.compose(sdls)
    ours = compose(subgraphs(sdls))
    codes = {error.code for error in ours.errors} if isinstance(ours, Rejected) else set()
    assert codes == {error["code"] for error in theirs["errors"]}, "\n".join(sdls.values())
    if isinstance(ours, Composed):
        found = differences(join_model(ours.supergraph_sdl), join_model(theirs["supergraph"]))
        assert not found, "\n".join([*found, *sdls.values()])
        assert not differing_hints(ours.hints, theirs["hints"]), "\n".join(sdls.values())
    return isinstance(ours, Composed)


@pytest.mark.parametrize("path", HINT_CASES, ids=lambda path: path.stem)
def test_hints(oracle: Oracle, path: Path) -> None:
    case = read_case(path)
    assert assert_same(oracle, case.failing)
    assert assert_same(oracle, case.mended)


@pytest.mark.parametrize("path", [p for p in CASES if p.stem not in STRICTER], ids=lambda path: path.stem)
def test_cases(oracle: Oracle, path: Path) -> None:
    case = read_case(path)
    assert not assert_same(oracle, case.failing)
    assert assert_same(oracle, case.mended)


@pytest.mark.skipif(not SCENARIOS, reason="../shared/oracle/scenarios.json is not there")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario["id"]))
def test_scenarios(oracle: Oracle, scenario: dict[str, object]) -> None:
    listed = scenario["subgraphs"]
    assert isinstance(listed, list)
    assert assert_same(oracle, {s["name"]: s["sdl"] for s in listed})


@pytest.mark.parametrize("generate", [random_subgraphs, random_design])
def test_random_sets(oracle: Oracle, generate: Callable[[Random], dict[str, str]]) -> None:
    """More of them with COMPOSITION_RANDOM_SETS=5000, of which one in a hundred may differ.

    They do where the reference composer crashes, and where it stops at Federation 2 subgraphs while we go on to report
    what is wrong in those of Federation 1.
    """
    composed, different = 0, []
    for seed in range(RANDOM_SETS):
        try:
            composed += assert_same(oracle, generate(Random(seed)))
        except AssertionError as difference:
            different.append(f"seed {seed}: {difference}")
    assert len(different) <= RANDOM_SETS // 100, "\n".join(different)
    assert RANDOM_SETS * 0.1 < composed < RANDOM_SETS * 0.9


def test_hints_of_random_mixtures(oracle: Oracle) -> None:
    """Two or three subgraphs of one example, hinted and mended ones, under names that sort otherwise."""
    random, composed = Random(7), 0
    for _ in range(RANDOM_SETS):
        case = read_case(random.choice(HINT_CASES))
        sdls = [*case.failing.values(), *case.mended.values()]
        names = random.sample(("f", "m", "z"), random.choice((2, 3)))
        composed += assert_same(oracle, {name: random.choice(sdls) for name in names})
    assert composed > RANDOM_SETS * 0.2
