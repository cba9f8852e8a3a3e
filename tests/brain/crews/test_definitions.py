"""Crews as files: those that come with the Brain fit the graph, and what is wrong is named with file and line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, validate

from brain.catalogue.yaml_source import CatalogueError
from brain.crews import definitions_loader
from brain.crews.actions import ActionUnknown, operation_for, propose, refusal_of
from brain.crews.definition import Risk
from brain.crews.definitions_loader import load, load_crews
from brain.crews.errors import InputInvalid, UnknownCrew, UnknownTask
from brain.crews.integration_tools import ADDRESS
from brain.crews.run import crew_named
from brain.crews.task import EngineUsed
from tests.brain.crews.world import SUPERGRAPH, schema

FOLDER = Path("brain/crews")
HERE = Path(__file__).parents[3] / FOLDER
CREWS = load_crews()


def of_the_graph(crew):
    """Its tools that are operations of the graph, not of an integration."""
    return [tool for tool in crew.tools.values() if not tool.document.startswith(ADDRESS)]


@pytest.mark.parametrize("crew", CREWS.values(), ids=CREWS)
def test_operations_are_valid_in_the_supergraph(crew):
    for tool in of_the_graph(crew):
        document = parse(tool.document)
        assert validate(schema(), document) == [], tool.name
        if tool.payload is not None:
            (operation,) = document.definitions
            assert isinstance(operation, OperationDefinitionNode)
            (field,) = operation.selection_set.selections
            assert field.name.value == tool.payload


@pytest.mark.parametrize("crew", CREWS.values(), ids=CREWS)
def test_paths_lead_into_the_selection(crew):
    for tool in of_the_graph(crew):
        (operation,) = parse(tool.document).definitions
        for path in (*tool.untrusted, *tool.presence):
            node = operation
            for name in path.split("."):
                fields = {(f.alias or f.name).value: f for f in node.selection_set.selections}
                assert name in fields, f"{tool.name}: {path}"
                node = fields[name]


def test_each_crew_stands_behind_the_field_that_names_it():
    supergraph = SUPERGRAPH.read_text()
    for crew in CREWS.values():
        field = crew.mutation.split(".")[1]
        if field in supergraph:
            assert f'@agent(crew: "{crew.name}", risk: {crew.risk.value}' in supergraph


def test_agents_only_read():
    for crew in CREWS.values():
        for agent in crew.agents.values():
            assert {crew.tools[name].risk for name in agent.tools} <= {Risk.READ}
        assert set(crew.grants) <= {
            f"{context}:{right}"
            for context in ("crm", "directory", "agents", "campaigns", "trading", "sourcing")
            for right in ("read", "write", "admin")
        }


def test_unknown_names_say_what_there_is():
    with pytest.raises(UnknownCrew, match=r"'cooks'; there are .*lead_scoring"):
        crew_named("cooks")
    with pytest.raises(UnknownTask, match="it has score"):
        crew_named("lead_scoring").task("boil")


def test_reading_them_needs_no_crewai():
    code = "import sys; from brain.crews import load_crews; load_crews(); sys.exit('crewai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def folder(tmp_path):
    for part in ("definitions", "operations"):
        (tmp_path / part).mkdir()
        name = "lead_scoring." + ("yaml" if part == "definitions" else "graphql")
        shutil.copy(HERE / part / name, tmp_path / part / name)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("crew: lead_scoring", "crew: scoring", "lead_scoring.yaml:1: crew: must be the file's own name"),
        ("risk: WRITE\ngrants", "risk: HIGH\ngrants", "lead_scoring.yaml:4: risk: must be READ, WRITE or MONEY"),
        ("risk: WRITE\ngrants", "risk: MONEY\ngrants", "lead_scoring.yaml:4: risk: the crew's actions are WRITE"),
        (
            "operation: ReadLeadForScoring",
            "operation: Nothing",
            "there is no operation of that name; there are ReadLead",
        ),
        ("bind: {id: $input.leadId}", "bind: {lead: $input.leadId}", "the operation's variables are id"),
        ("bind: {id: $input.leadId}", "bind: {id: $output.value}", "must be a path into $input"),
        ("catalogue: lead_scorer", "catalogue: poet", "agents.lead_scorer.catalogue: the catalogue has no such agent"),
        ("tools: [read_lead]", "tools: [record_lead_score]", "record_lead_score writes: agents read"),
        ("tools: [read_lead]", "tools: [read_mind]", "there is no tool read_mind"),
        ("agent: lead_scorer", "agent: poet", "there is no agent poet"),
        ("output: LeadScoreOutput", "output: Poem", "there is no output Poem"),
        ("guardrails: [lead_was_read,", "guardrails: [rhymes,", "there is no guardrail rhymes"),
        ("tool: record_lead_score\n", "tool: read_lead\n", "must be one of the tools that write"),
        ("value: $output.value", "value: $item.value", "and with $item under each"),
        ("max_iterations: 4", "max_iterations: many", "must be a whole number"),
        ("max_iterations: 4", "patience: 4", "unknown; known are"),
        ("  score:\n", "  sing:\n", "there is no playbook for the task"),
        ("title: Lead", "title: [Lead", "lead_scoring.yaml:3: not YAML"),
        ("field: crm.scoreLead\n", "field: crm.scoreLead\nfield: x\n", "lead_scoring.yaml:4: 'field' is there twice"),
    ],
)
def test_what_is_wrong_is_named(folder, old, new, message):
    path = folder / "definitions" / "lead_scoring.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueError) as caught:
        load(folder / "definitions", folder / "operations")
    assert message in str(caught.value)
    assert str(caught.value).startswith("lead_scoring.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("amazon_sp.search_catalog_items", "amazon_sp.dream", "the catalogue has no such operation"),
        ("amazon_sp.search_catalog_items", "amazon_sp.update_price", "only the integration's own crew proposes that"),
        ("bind: {marketplace_id:", "bind: {planet:", "the operation has no argument planet"),
        ("playbook_only: true", "playbook_only: false", "would read a provider's words as its own"),
        ("budget_micros: 0", "budget_micros: 1", "what asks no language model spends nothing on one"),
    ],
)
def test_what_is_wrong_with_an_integrations_tool_is_named(tmp_path, old, new, message):
    for part, kind in (("definitions", "yaml"), ("operations", "graphql")):
        (tmp_path / part).mkdir()
        text = (HERE / part / f"product_search.{kind}").read_text()
        (tmp_path / part / f"product_search.{kind}").write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path / "definitions", tmp_path / "operations")
    assert message in str(caught.value)


def test_a_document_that_does_not_parse_is_named(folder):
    path = folder / "operations" / "lead_scoring.graphql"
    path.write_text("query ReadLeadForScoring(\n")
    with pytest.raises(CatalogueError, match=r"lead_scoring\.graphql:2: "):
        load(folder / "definitions", folder / "operations")


def test_any_change_is_another_version(folder):
    (before,) = load(folder / "definitions", folder / "operations").values()
    assert before.version == CREWS["lead_scoring"].version
    path = folder / "operations" / "lead_scoring.graphql"
    path.write_text(path.read_text().replace("    createdAt\n", "    createdAt\n    updatedAt\n", 1))
    (after,) = load(folder / "definitions", folder / "operations").values()
    assert after.version != before.version


def test_an_action_is_done_by_the_operation_of_its_tool():
    crew = crew_named("lead_scoring")
    output = {"value": 7, "summary": "So.", "reasons": ["Because."]}
    (action,) = propose(crew, "score", {"leadId": "l"}, output, EngineUsed("LLM", "openai/gpt-4.1"))
    document, variables, payload = operation_for(crew, action.tool, action.arguments)
    assert variables == {
        "input": {"leadId": "l", "value": 7, "reasons": ["Because."], "engine": "LLM", "model": "openai/gpt-4.1"}
    }
    assert (payload, action.reason) == ("recordLeadScore", "So.")
    assert "mutation RecordLeadScore" in document
    for tool, arguments in (("read_lead", {}), ("delete_lead", {}), (action.tool, {"publish": True})):
        with pytest.raises(ActionUnknown):
            operation_for(crew, tool, arguments)


def test_a_refusal_is_seen_in_either_place():
    why = {"code": "KILL_SWITCH", "message": "Stopped."}
    assert refusal_of({"errors": []}) is None
    assert refusal_of({"errors": [], "refusal": None}) is None
    assert refusal_of({"errors": [why]}) == refusal_of({"errors": [], "refusal": why}) == ("KILL_SWITCH", "Stopped.")


@pytest.mark.parametrize("given", [{"leadId": "l"}, {"input": {"leadId": "l"}}])
def test_a_run_begins_with_the_fields_arguments(given):
    assert crew_named("lead_scoring").checked_input(given) == {"leadId": "l"}
    assert crew_named("tenant_analyst").checked_input({}) == {}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "leadId is missing"),
        ({"input": {"leadId": 7}}, "leadId must be a string"),
        ({"leadId": "l", "tenant": "globex"}, "tenant is unknown"),
        ({"input": "l"}, "leadId is missing; input is unknown"),
    ],
)
def test_a_run_does_not_begin_with_others(given, problem):
    with pytest.raises(InputInvalid, match=problem):
        crew_named("lead_scoring").checked_input(given)


def test_a_playbooks_shared_code_is_part_of_each_crew_that_uses_it(tmp_path, monkeypatch):
    shutil.copytree(HERE, tmp_path / "crews", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(definitions_loader, "_HERE", tmp_path / "crews")
    with (tmp_path / "crews" / "playbooks" / "amazon_offers.py").open("a") as file:
        file.write("# another rule")
    after = load(HERE / "definitions", HERE / "operations")
    changed = {name for name, crew in after.items() if crew.version != CREWS[name].version}
    assert changed == {"product_search", "supply_check"}
