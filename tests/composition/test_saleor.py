"""A real shop's schema (Federation 1, about 39,000 lines) composes, alone and beside a Federation 2 subgraph."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, parse

from router.composition import Composed, Subgraph, compose
from router.graph.api_schema import build_api_schema

SDL = Path(__file__).parents[3] / "shared" / "saleor" / "live_sdl.graphql"
CRM = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])

type Query {
  leads: [Lead!]!
}

type Lead @key(fields: "id") {
  id: ID!
  product: Product
  order: Order
}

type Product @key(fields: "id channel") {
  id: ID!
  channel: String
  leads: [Lead!]!
}

type Order @key(fields: "id") {
  id: ID!
  leads: [Lead!]!
}
"""

pytestmark = pytest.mark.skipif(not SDL.is_file(), reason="../shared/saleor/live_sdl.graphql is not there")


LOAD = """
import sys, time
from router.graph.supergraph import load_supergraph
from router.graph.api_schema import build_api_schema
text = sys.stdin.read()
started = time.process_time()
build_api_schema(load_supergraph(text).document)
print(time.process_time() - started)
"""


def test_its_supergraph_loads_in_a_new_process_in_well_under_two_seconds() -> None:
    composed = compose([Subgraph("saleor", SDL.read_text(encoding="utf-8"), "http://saleor.example/")])
    assert isinstance(composed, Composed), composed.errors[:3]
    command = [sys.executable, "-c", LOAD]
    result = subprocess.run(command, input=composed.supergraph_sdl, capture_output=True, text=True, check=True)
    assert float(result.stdout) < 2  # about 0.5 s on a quiet machine


def test_alone_and_beside_a_federation_2_subgraph() -> None:
    saleor = Subgraph("saleor", SDL.read_text(encoding="utf-8"), "http://saleor.example/")
    started = time.perf_counter()
    alone = compose([saleor])
    assert isinstance(alone, Composed), alone.errors[:3]
    both = compose([saleor, Subgraph("crm", CRM, "http://crm.example/")])
    elapsed_s = time.perf_counter() - started
    assert isinstance(both, Composed), both.errors[:3]
    schema = build_api_schema(parse(both.supergraph_sdl))
    assert schema.type_map.keys() - build_api_schema(parse(alone.supergraph_sdl)).type_map.keys() == {"Lead"}
    product = schema.type_map["Product"]
    assert isinstance(product, GraphQLObjectType)
    assert "leads" in product.fields
    assert elapsed_s < 60  # about 4 s on a quiet machine
