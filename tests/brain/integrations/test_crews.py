"""The crews of integrations: what they are, and what they do by their playbooks, with the connector as it is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter, DefaultFailureConverter

from brain.catalogue import Risk, load_catalogue
from brain.crews import CrewError, CrewResult, CrewTask, load_crews, run_task
from brain.crews.actions import operation_for
from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.crews.guardrails import GUARDRAILS, Case
from brain.crews.tools import Evidence
from brain.integrations import all_crews, crew_name
from brain.integrations import graph as graph_module
from brain.integrations.graph import ConnectedAccess, ConnectedGraph
from brain.integrations.outputs import IntegrationProposalsOutput, IntegrationReviewOutput
from brain.workflows.messages import RunRef
from tests.brain.catalogue.conftest import Make, Stored
from tests.brain.catalogue.contract_server import ContractServer
from tests.brain.catalogue.provider_files import PROVIDERS, Provider, at
from tests.brain.crews import world
from tests.brain.crews.openai_server import says, wants
from tests.brain.crews.world import RUN, Story

TENANT = world.task("integration_stripe", "researcher", input={}).tenant
BY_NAME = {provider.name: provider for provider in PROVIDERS}
# Two of each pattern; among them arguments that are objects, and lists of objects.
SOME = [
    BY_NAME[name]
    for name in ("stripe", "payu", "claude", "google_ads", "google_analytics", "xero", "notion", "telegram")
]


@pytest.fixture(autouse=True)
def connected(stored: Stored) -> None:
    for provider in PROVIDERS:
        stored.fields[TENANT, provider.name] = provider.credentials


class Access(ConnectedAccess):
    """The graph of which integrations' crews need one thing: that it writes down how connections are."""

    def __init__(self, connector: Any) -> None:
        super().__init__(None, "", None, load_catalogue(), connector)  # type: ignore[arg-type]
        self.states: list[tuple[str, str | None]] = []
        self.is_away = False

    async def send(self, run: Any, scopes: Any, document: str, variables: Any, key: Any, *_: Any) -> dict[str, Any]:
        assert "recordAgentIntegration" in document
        if self.is_away:
            raise GraphUnavailable("away")
        self.states.append((variables["input"]["state"], variables["input"]["detail"]))
        return {}


def access_of(make_connector: Make) -> Access:
    return Access(make_connector(attempts=1))


def graph_of(make_connector: Make, crew: str) -> ConnectedGraph:
    return access_of(make_connector).of(RunRef(TENANT, RUN, crew, None, []))


async def play(graph: ConnectedGraph, story: Story, crew: str, asked: dict[str, Any]) -> CrewResult:
    """All tasks of a crew, one after another, as the workflow runs them."""
    earlier: dict[str, Any] = {}
    for name in all_crews()[crew].tasks:
        task: CrewTask = world.task(crew, name, input=asked, earlier=earlier)
        result = await run_task(task, graph, story.meter(), story, all_crews())
        earlier[name] = result.output
    return result


def test_there_is_a_crew_for_each_integration() -> None:
    crews, catalogue = all_crews(), load_catalogue()
    assert crews.keys() == load_crews().keys() | {f"integration_{name}" for name in catalogue.integrations}
    for integration in catalogue.integrations.values():
        crew = crews[f"integration_{integration.name}"]
        assert crew.weight == integration.pattern == len(crew.tasks)
        assert crew.approve_writes
        assert crew.grants == ()
        assert crew.version == catalogue.version
        for agent in crew.agents.values():
            assert {crew.tools[tool].risk for tool in agent.tools} == {Risk.READ}
        written = [operation.name for operation in integration.operations.values() if operation.risk is not Risk.READ]
        assert [action.tool for action in crew.actions] == written
        assert {action.task for action in crew.actions} == {list(crew.tasks)[-1]}
        for tool in crew.tools.values():
            assert tool.risk is integration.operations[tool.name].risk
            assert tool.untrusted == (("text",) if tool.risk is Risk.READ else ())


def test_the_field_names_the_crew_by_its_argument() -> None:
    assert crew_name("integration_{integration}", {"integration": "stripe"}) == "integration_stripe"
    assert crew_name("lead_scoring", {"integration": "stripe"}) == "lead_scoring"
    assert crew_name("integration_{integration}", {}) not in all_crews()


@pytest.mark.parametrize("provider", SOME, ids=lambda provider: provider.name)
async def test_an_operation_that_reads_is_read(
    provider: Provider, server: ContractServer, make_connector: Make, story: Story
) -> None:
    crew, part = f"integration_{provider.name}", provider.file["read"]
    server.play(*provider.token_step(), *provider.pages())
    asked = {
        "integration": provider.name,
        "goal": "See.",
        "operation": part["operation"],
        "arguments": part.get("arguments", {}),
    }
    result = await play(graph_of(make_connector, crew), story, crew, asked)
    server.verify()
    assert [at(item, part.get("id_at", "id")) for item in result.output["data"]] == part["ids"]
    assert (result.actions, result.read_untrusted, result.engine.kind) == ((), True, "PLAYBOOK")


@pytest.mark.parametrize("provider", SOME, ids=lambda provider: provider.name)
async def test_an_operation_that_writes_is_proposed_and_then_done(
    provider: Provider, server: ContractServer, make_connector: Make, story: Story
) -> None:
    crew, part = f"integration_{provider.name}", provider.file["write"]
    graph = graph_of(make_connector, crew)
    server.play()
    asked = {
        "integration": provider.name,
        "goal": "Set it right.",
        "operation": part["operation"],
        "arguments": part["arguments"],
    }
    result = await play(graph, story, crew, asked)
    (action,) = result.actions
    assert (action.tool, action.reason) == (part["operation"], "Set it right.")
    assert {name: value for name, value in action.arguments.items() if value is not None} == part["arguments"]
    assert not server.received, "a crew writes nothing"
    server.play(*provider.token_step(), provider.write())
    document, variables, field = operation_for(all_crews()[crew], action.tool, action.arguments)
    answer = await graph.execute(document, variables, idempotency_key=f"{RUN}:0")
    server.verify()
    assert answer[field] == {"data": part["result"], "errors": []}


async def test_a_goal_in_words_needs_a_model(server: ContractServer, make_connector: Make, story: Story) -> None:
    stripe = BY_NAME["stripe"]
    server.play(stripe.step({"request": stripe.file["health"], "reply": stripe.file["health_reply"]}))
    graph = graph_of(make_connector, "integration_stripe")
    result = await play(graph, story, "integration_stripe", {"integration": "stripe", "goal": "Refund all."})
    server.verify()
    assert result.actions == ()
    assert "needs a language model" in result.output["summary"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"operation": "delete_everything"}, "Stripe has no operation 'delete_everything'; there are get_balance"),
        ({"operation": "create_refund", "arguments": {"payment_intent": 7}}, "payment_intent: 7 is not of type"),
        ({"operation": "create_refund"}, "'payment_intent' is a required property"),
    ],
)
async def test_what_cannot_be_asked_for(
    asked: dict[str, Any], message: str, server: ContractServer, make_connector: Make, story: Story
) -> None:
    server.play()
    graph = graph_of(make_connector, "integration_stripe")
    with pytest.raises(CrewError, match=message) as caught:
        await play(graph, story, "integration_stripe", {"integration": "stripe", "goal": "Do.", **asked})
    assert caught.value.code == "INTEGRATION_OPERATION_INVALID"
    assert not caught.value.retryable
    assert not server.received


async def test_without_credentials_the_run_says_so(
    server: ContractServer, stored: Stored, make_connector: Make, story: Story
) -> None:
    server.play()
    stored.fields.clear()
    graph = graph_of(make_connector, "integration_stripe")
    asked = {"integration": "stripe", "goal": "See.", "operation": "get_balance"}
    with pytest.raises(GraphRefused, match=r"Stripe is not connected.*MISSING_CREDENTIALS"):
        await play(graph, story, "integration_stripe", asked)


async def test_a_crew_has_no_part_in_other_integrations(server: ContractServer, make_connector: Make) -> None:
    server.play()
    graph = graph_of(make_connector, "integration_stripe")
    with pytest.raises(GraphRefused, match="has no part in paypal"):
        await graph.execute("integration:paypal.list_invoices", {})
    for crew in ("lead_scoring", "integration_", "integration_stripe.x"):
        with pytest.raises(GraphRefused, match="has no part in"):
            await graph_of(make_connector, crew).execute("integration:paypal.list_invoices", {})
    assert not server.received


async def test_a_write_that_may_have_been_done_is_not_tried_again(
    server: ContractServer, make_connector: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopify, stripe = BY_NAME["shopify"], BY_NAME["stripe"]
    graph = graph_of(make_connector, "integration_shopify")
    given = {"input": shopify.file["write"]["arguments"]}
    server.play(shopify.write(**shopify.failure("broken")))
    with pytest.raises(GraphRefused, match="may have been done"):
        await graph.execute("integration:shopify.create_refund", given, idempotency_key="k")
    # A further try of the activity, after the worker was killed: only a provider that knows keys is asked again.
    monkeypatch.setattr(graph_module, "_is_a_further_try", lambda: True)
    server.play()
    with pytest.raises(GraphRefused, match="OUTCOME_UNKNOWN"):
        await graph.execute("integration:shopify.create_refund", given, idempotency_key="k")
    assert not server.received
    server.play(stripe.write())
    graph = graph_of(make_connector, "integration_stripe")
    given = {"input": {**stripe.file["write"]["arguments"], "reason": "duplicate"}}
    await graph.execute("integration:stripe.create_refund", given, idempotency_key="k")
    server.verify()


async def test_what_may_pass_is_left_to_the_workflow(server: ContractServer, make_connector: Make) -> None:
    stripe = BY_NAME["stripe"]
    server.play(stripe.write(**stripe.failure("broken")))
    graph = graph_of(make_connector, "integration_stripe")
    given = {"input": stripe.file["write"]["arguments"]}
    with pytest.raises(GraphUnavailable, match="is broken"):
        await graph.execute("integration:stripe.create_refund", given, idempotency_key="k")


async def test_a_long_answer_is_cut_and_says_so(server: ContractServer, make_connector: Make) -> None:
    stripe = BY_NAME["stripe"]
    many = {"object": "list", "has_more": False, "data": [{"id": f"ch_{n}", "note": "x" * 500} for n in range(500)]}
    server.play(replace(stripe.pages()[0], reply=many))
    graph = graph_of(make_connector, "integration_stripe")
    answer = await graph.execute("integration:stripe.list_charges", {"customer": "cus_1"})
    assert not answer["complete"]
    assert len(answer["text"]) < 61_000


def proposals(**given: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: [{"arguments": arguments, "reason": "r"} for arguments in each] for name, each in given.items()}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"create_refund": [{"payment_intent": "pi_1"}]}, None),
        ({"get_balance": [{}]}, "'get_balance' cannot be proposed; only create_customer, create_payment_intent"),
        ({"transfer_all": [{}]}, "'transfer_all' cannot be proposed"),
        ({"create_refund": [{"payment_intent": "ch_1"}]}, "create_refund: payment_intent: 'ch_1' does not match"),
        ({"create_refund": [{"payment_intent": "pi_1", "to": "me"}]}, "create_refund: Additional properties"),
        ({"create_refund": [{"payment_intent": "pi_1"}] * 21}, "no more than 20"),
    ],
)
def test_proposals_fit_the_integration(given: dict[str, Any], problem: str | None) -> None:
    output = IntegrationProposalsOutput(summary="s", findings=[], proposals=proposals(**given))
    found = list(GUARDRAILS["integration_stripe_fits"](output, Case(Evidence(), {})))
    assert not found if problem is None else found[0].startswith(problem) or problem in found[0]


def test_a_review_adds_nothing() -> None:
    earlier = {"executor": {"proposals": proposals(create_refund=[{"payment_intent": "pi_1", "amount": 5}])}}
    rule = GUARDRAILS["integration_stripe_stands"]
    for amount, problems in ((5, 0), (500, 1)):
        given = proposals(create_refund=[{"amount": amount, "payment_intent": "pi_1"}])
        output = IntegrationReviewOutput(summary="s", struck=[], proposals=given)
        assert len(list(rule(output, Case(Evidence(), earlier)))) == problems


async def test_a_failure_can_be_told(
    server: ContractServer, stored: Stored, make_connector: Make, story: Story
) -> None:
    """Its chain of causes ends: Temporal goes along it."""
    server.play()
    stored.fields.clear()
    graph = graph_of(make_connector, "integration_telegram")
    asked = {"integration": "telegram", "goal": "See.", "operation": "get_me"}
    task = world.task("integration_telegram", "operator", input=asked)
    with pytest.raises(GraphRefused) as caught:
        await run_task(task, graph, story.meter(), story, all_crews())
    failure = Failure()
    DefaultFailureConverter().to_failure(caught.value, DataConverter.default.payload_converter, failure)
    assert "MISSING_CREDENTIALS" in failure.message


def test_a_run_begins_with_what_the_field_takes() -> None:
    crew = all_crews()["integration_stripe"]
    given = {"integration": "stripe", "goal": "See.", "operation": None, "arguments": {"customer": "cus_1"}}
    assert crew.checked_input({"input": given}) == given
    with pytest.raises(CrewError, match="arguments must be a object"):
        crew.checked_input({**given, "arguments": "all"})


async def test_a_model_reads_and_proposes(
    server: ContractServer, make_connector: Make, story: Story, provider: Any
) -> None:
    telegram = BY_NAME["telegram"]
    proposal = {"arguments": {"chat_id": "1111111", "text": "Hello"}, "reason": "They said hi."}
    wrong = {"summary": "s", "findings": [], "proposals": {"delete_chat": [proposal]}}
    right = {**wrong, "proposals": {"send_message": [proposal]}}
    provider.script = [wants(("get_updates", {})), says(wrong), says(right)]
    server.play(*telegram.pages())
    graph = graph_of(make_connector, "integration_telegram")
    request = world.task(
        "integration_telegram",
        "operator",
        provider.choice(),
        input={"integration": "telegram", "goal": "Answer who wrote."},
    )
    result = await run_task(request, graph, story.meter(), story, all_crews())
    server.verify()
    assert (result.engine.kind, result.read_untrusted) == ("LLM", True)
    (action,) = result.actions
    assert (action.tool, action.risk) == ("send_message", Risk.WRITE)
    assert action.arguments == {"chat_id": "1111111", "text": "Hello", "reply_to": None}
    offered = {tool["function"]["name"] for tool in provider.requests[0]["tools"]}
    assert offered == {"get_me", "get_chat", "get_updates"}, "what writes is never offered as a tool"
    told = next(message for message in provider.requests[1]["messages"] if message["role"] == "tool")
    assert json.loads(told["content"])["text"].startswith("⟦outside"), "what a provider says is fenced"
    # The first answer named an operation that there is not; the rule told the model so.
    assert "cannot be proposed; only send_message can" in str(provider.requests[-1]["messages"])


async def test_how_the_connection_is_is_written_down_when_it_changes(
    server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    access, stripe = access_of(make_connector), BY_NAME["stripe"]
    graph = access.of(RunRef(TENANT, RUN, "integration_stripe", None, []))
    balance = stripe.step({"request": stripe.file["health"], "reply": stripe.file["health_reply"]})
    server.play(balance, balance, replace(balance, status=401, reply={}), balance)
    await graph.execute("integration:stripe.get_balance", {})
    await graph.execute("integration:stripe.get_balance", {})
    assert access.states == [("CONNECTED", None)]
    with pytest.raises(GraphRefused, match="AUTHENTICATION_FAILED"):
        await graph.execute("integration:stripe.get_balance", {})
    assert access.states[1:] == [("FAILED", "Stripe does not take the credentials")]
    access.is_away = True
    await graph.execute("integration:stripe.get_balance", {})
    access.is_away = False
    stored.fields.clear()
    with pytest.raises(GraphRefused, match="MISSING_CREDENTIALS"):
        await graph.execute("integration:stripe.get_balance", {})
    assert [state for state, _ in access.states] == ["CONNECTED", "FAILED", "MISSING_CREDENTIALS"]
    server.verify()
