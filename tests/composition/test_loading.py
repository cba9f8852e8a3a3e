"""`load_supergraph` takes what both reference composers make."""

import json

import pytest
from graphql import parse

from router.errors import InvalidSupergraph
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from tests.composition.oracle import ROOT, SHARED, Oracle

SCENARIOS = json.loads((SHARED / "scenarios.json").read_text()) if (SHARED / "scenarios.json").is_file() else []
SUITES = ROOT.parent / "shared" / "conformance" / "suites"
SALEOR = ROOT.parent / "shared" / "saleor" / "live_sdl.graphql"

SMALL = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
  {links} {{ query: Query }}
enum join__Graph {{ A @join__graph(name: "a", url: "") }}
type Query @join__type(graph: A) {{ a: Int }}
"""


def sets() -> dict[str, dict[str, str]]:
    found = {f"scenario {s['id']}": {g["name"]: g["sdl"] for g in s["subgraphs"]} for s in SCENARIOS}
    for suite in sorted(SUITES.iterdir()) if SUITES.is_dir() else ():
        found[suite.name] = {f.stem: f.read_text("utf-8") for f in sorted(suite.glob("subgraphs/*.graphql"))}
    if SALEOR.is_file():
        found["saleor"] = {"saleor": SALEOR.read_text("utf-8")}
    return found


@pytest.mark.parametrize("library", ["apollo", "guild"])
def test_supergraphs_of_both_reference_composers_are_accepted(oracle: Oracle, library: str) -> None:
    given = sets()
    assert len(given) > 50
    for name, sdls in given.items():
        answer = oracle.compose(sdls, library)
        assert answer["ok"], (name, answer["errors"])
        supergraph = load_supergraph(answer["supergraph"])
        assert {s.name for s in supergraph.subgraphs} == sdls.keys(), name
        assert build_api_schema(supergraph.document).query_type is not None


@pytest.mark.skipif(not SUITES.is_dir(), reason="../shared/conformance/suites is not there")
def test_supergraphs_that_come_with_the_conformance_suites_are_accepted() -> None:
    for path in sorted(SUITES.glob("*/supergraph.graphql")):
        assert load_supergraph(path.read_text("utf-8")).subgraphs, path


def test_a_feature_that_must_be_understood_and_is_not_is_refused() -> None:
    for url in ("https://specs.apollo.dev/connect/v0.2", "https://example.org/tag/v1.0"):
        for purpose in ("EXECUTION", "SECURITY"):
            with pytest.raises(InvalidSupergraph, match=url) as refusal:
                load_supergraph(SMALL.format(links=f'@link(url: "{url}", for: {purpose})'))
            assert refusal.value.code == "UNSUPPORTED_LINKED_FEATURE"
        assert load_supergraph(SMALL.format(links=f'@link(url: "{url}")'))


def test_known_features_are_accepted_whatever_they_are_for() -> None:
    for name in ("inaccessible/v0.2", "authenticated/v0.1", "requiresScopes/v0.1", "policy/v0.1", "context/v0.1"):
        sdl = SMALL.format(links=f'@link(url: "https://specs.apollo.dev/{name}", for: SECURITY)')
        assert load_supergraph(sdl)
        assert build_api_schema(parse(sdl))
