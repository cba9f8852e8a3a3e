"""The subgraphs of each conformance suite compose to a supergraph that means the same as the given one."""

from pathlib import Path

import pytest

from router.composition import Composed, Subgraph, compose
from tests.composition.join_model import differences, join_model

SUITES = Path(__file__).parents[3] / "shared" / "conformance" / "suites"
NAMES = sorted(path.name for path in SUITES.iterdir()) if SUITES.is_dir() else []

pytestmark = pytest.mark.skipif(not NAMES, reason="../shared/conformance/suites is not there")


@pytest.mark.parametrize("suite", NAMES)
def test_supergraph_means_the_same(suite: str) -> None:
    folder = SUITES / suite
    files = sorted((folder / "subgraphs").glob("*.graphql"))
    result = compose([Subgraph(f.stem, f.read_text(encoding="utf-8"), file=f.name) for f in files])
    assert isinstance(result, Composed), result.errors
    given = (folder / "supergraph.graphql").read_text(encoding="utf-8")
    assert not differences(join_model(result.supergraph_sdl), join_model(given))
