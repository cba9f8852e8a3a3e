"""The stand-in's schema is a strict subset of a real Saleor's."""

import re
from pathlib import Path

import pytest
from graphql import build_schema

from subgraphs.saleor.app import sdl
from subgraphs.saleor.schema.subset import DIGEST_FILE, differences, digest
from tests.subgraphs.saleor.shop import Shop

REAL = Path(__file__).parents[4] / "shared" / "saleor" / "live_sdl.graphql"


def test_what_is_served_is_what_was_proved() -> None:
    assert digest(sdl()) == DIGEST_FILE.read_text().strip(), (
        "run `python -m subgraphs.saleor.schema.subset REAL.graphql`"
    )


@pytest.mark.skipif(not REAL.is_file(), reason="no real SDL beside the checkout")
def test_a_real_sdl_has_all_of_it() -> None:
    real = REAL.read_text()
    assert differences(sdl(), real) == []
    # Strict: it is far less than the whole.
    assert len(sdl()) * 10 < len(real)


TINY = """
    type Query implements Node @key(fields: "id") { a(x: Int! = 1, y: [ID!]): String! b: U e: E id: ID! i(i: I): Int }
    interface Node { id: ID! }
    union U = Query
    enum E { A }
    input I { x: Int! y: Int = 3 }
    scalar S
"""


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ("String!", "String", "Query.a: is String!, not String"),
        ("x: Int! = 1", "x: Int!", "Query.a(x:): is Int! with the default 1"),
        ("y: [ID!]", "y: [ID]", "Query.a(y:): is [ID!] with the default "),
        ("y: [ID!]", "z: Int", "Query.a(z:): there is none"),
        ("b: U", "c: U", "Query.c: there is no such field"),
        ("{ A }", "{ A B }", "E.B: there is none"),
        ("y: Int = 3", "y: Int = 4", "I.y: is Int with the default 3"),
        ("x: Int! y", "y", "I.x: is required"),
        ("= Query", "= Query | I", "U = I: there is none"),
        ("scalar S", "scalar S scalar T", "T: there is no such type"),
        ("scalar S", "enum S { A }", "S: is of another kind"),
        ('@key(fields: "id")', '@key(fields: "id e")', "Query: has other keys"),
        ('@key(fields: "id")', "", "Query: has other keys"),
        ("implements Node", "implements Node & Other", "Query implements Other: there is none"),
    ],
)
def test_each_difference_is_told(there: str, here: str, told: str) -> None:
    assert differences(TINY, TINY) == []
    ours = TINY.replace(there, here)
    assert ours != TINY
    assert told in differences(ours, TINY)


async def test_the_sdl_is_told_by_the_shop(acme: Shop) -> None:
    told = (await acme.data("{ _service { sdl } }"))["_service"]["sdl"]
    assert told == sdl()
    assert not re.search(r"@link|extend |_entities|_service", told)  # of Federation 1, as the real one's
    build_schema(f"directive @key(fields: String!) repeatable on OBJECT\n{told}")
