"""The subgraph's schema as others see it."""

from importlib import import_module

import pytest
from graphql import parse
from graphql.language import ast

from router.composition import Composed, Subgraph, compose
from subgraphs.crm.app import sdl

KIT = {
    "PageInfo",
    "LeadEdge",
    "ContactEdge",
    "ActivityEdge",
    "TimelineEntryEdge",
    "CsvImportEdge",
    "CsvImportFaultEdge",
    "LeadFormSubmissionEdge",
    "CrmTaskEdge",
    "_Service",
}
CONNECTION_FIELDS = {"edges", "pageInfo", "_service", "_entities"}


@pytest.fixture(scope="module")
def document() -> ast.DocumentNode:
    return parse(sdl())


def definitions(document):
    return {node.name.value: node for node in document.definitions if hasattr(node, "name") and node.name}


def test_entities_and_what_is_added_to_others(document):
    found = definitions(document)
    keys = {
        name: [
            directive.arguments[0].value.value for directive in node.directives or () if directive.name.value == "key"
        ]
        for name, node in found.items()
        if any(directive.name.value == "key" for directive in node.directives or ())
    }
    names = ("Lead", "Contact", "CrmTask", "Account", "Business", "AgentRun")
    assert keys == {name: ["id"] for name in names}
    assert {field.name.value for field in found["Account"].fields} == {"id", "assignedLeads", "openLeadCount"}
    assert {field.name.value for field in found["Business"].fields} == {"id", "leads"}
    arguments = {
        field.name.value: [argument.name.value for argument in field.arguments or ()]
        for field in found["Account"].fields
    }
    assert arguments["assignedLeads"] == ["first", "after", "last", "before", "filter", "orderBy"]


def test_everything_is_described(document):
    silent = []
    for name, node in definitions(document).items():
        if (
            name in KIT
            or name.startswith("_")
            or isinstance(node, ast.DirectiveDefinitionNode | ast.ScalarTypeDefinitionNode)
        ):
            continue
        if node.description is None and name not in ("Query", "Mutation"):
            silent.append(name)
        for field in getattr(node, "fields", None) or ():
            if field.name.value in CONNECTION_FIELDS:
                continue
            if field.description is None:
                silent.append(f"{name}.{field.name.value}")
            if not isinstance(field, ast.FieldDefinitionNode):
                continue
            silent += [
                f"{name}.{field.name.value}({argument.name.value}:)"
                for argument in field.arguments or ()
                if argument.description is None and argument.name.value != "input"
            ]
    assert silent == []


def test_it_composes_alone_and_with_its_neighbours():
    """With the others, users and businesses are theirs and crm adds to them."""
    neighbours = [Subgraph(name, import_module(f"subgraphs.{name}.app").sdl()) for name in ("identity", "directory")]
    for subgraphs in ([Subgraph("crm", sdl())], [Subgraph("crm", sdl()), *neighbours]):
        composition = compose(subgraphs)
        assert isinstance(composition, Composed), composition.errors
    api = definitions(parse(composition.api_sdl))
    assert {"assignedLeads", "openLeadCount", "id"} < {field.name.value for field in api["Account"].fields}
    assert {"leads", "id"} < {field.name.value for field in api["Business"].fields}


async def test_the_running_subgraph_serves_the_same(crm):
    assert (await crm.data("{ _service { sdl } }"))["_service"]["sdl"].strip() == sdl().strip()
