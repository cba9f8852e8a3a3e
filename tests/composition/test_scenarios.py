"""What the reference composer says of many small sets, recorded, and asked again where it can run."""

import pytest

from router.composition import Rejected, compose
from tests.composition.case_files import subgraphs
from tests.composition.oracle import Oracle
from tests.composition.scenario_files import SCENARIOS, Scenario
from tests.composition.test_oracle import assert_same


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_codes(scenario: Scenario) -> None:
    result = compose(subgraphs(scenario.sdls))
    codes = {error.code for error in result.errors} if isinstance(result, Rejected) else set()
    assert codes == scenario.codes


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_reference(oracle: Oracle, scenario: Scenario) -> None:
    assert assert_same(oracle, scenario.sdls) == (not scenario.codes)


def test_scenarios_are_named_once() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names)) > 500
