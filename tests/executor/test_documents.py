"""The outline of wire documents, against graphql-core's parser."""

from typing import Any

import pytest
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode, parse
from hypothesis import given, settings

from router.executor.documents import Shape, Written, shape_of
from tests.executor import shapes


def expected(document: str) -> Shape:
    definitions = parse(document).definitions
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    [operation] = [each for each in definitions if isinstance(each, OperationDefinitionNode)]

    def flat(nodes: Any, sure: bool) -> list[tuple[FieldNode, bool]]:
        found = []
        for node in nodes:
            here = sure and not node.directives
            if isinstance(node, FieldNode):
                found.append((node, here))
            elif isinstance(node, FragmentSpreadNode):
                found += flat(fragments[node.name.value].selection_set.selections, here)
            else:
                found += flat(node.selection_set.selections, here)
        return found

    def shape(fields: list[tuple[FieldNode, bool]]) -> Shape:
        keys: dict[str, list[tuple[FieldNode, bool]]] = {}
        for node, sure in fields:
            keys.setdefault((node.alias or node.name).value, []).append((node, sure))
        return {
            key: Written(
                all(sure for _, sure in nodes),
                shape(
                    [
                        each
                        for node, sure in nodes
                        if node.selection_set
                        for each in flat(node.selection_set.selections, sure)
                    ]
                )
                if nodes[0][0].selection_set
                else None,
            )
            for key, nodes in keys.items()
        }

    return shape(flat(operation.selection_set.selections, True))


@settings(max_examples=50, deadline=None)
@given(shapes.objects(3).map(shapes.document))
def test_random_documents(document: str) -> None:
    assert shape_of(document) == expected(document)


@pytest.mark.parametrize(
    "document",
    [
        "{a}",
        "query{a}",
        "mutation M @d(x: 1) { a: b c }",
        'query Q($a: [In!]! = [{x: "} ) \\" {", y: {z: ")"}}], $b: E = ON) { on(on: $a) { fragment query } }',
        'subscription { a(s: """ } \\""" { " "" ) """) { b } # } comment {\n c }',
        (
            "query { ... { a } ... @include(if: true) { b } ...F @skip(if: false) ... on on { c { d } } } "
            "fragment F on T { c { e } }"
        ),
        (
            "fragment F on T @d { a { w } ...G } fragment G on T { b(x: {y: {z: 1}}) @x @y(z: 1) } "
            "{ ...F a { x } a @skip(if: $v) { y } }"
        ),
        "{ a,b,\ufeffc\t\r\nd(x:1.5e-3,y:-2,z:[[null]]) { e } }",
    ],
)
def test_tricky_documents(document: str) -> None:
    assert shape_of(document) == expected(document)
