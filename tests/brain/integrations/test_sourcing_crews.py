"""The crews of sourcing: what they ask Amazon and the graph, what they propose, and what stops them."""

import json
from datetime import datetime
from typing import Any

import pytest

from brain.catalogue import load_catalogue
from brain.crews import CrewError, EngineChoice, run_task
from brain.crews.definition import Risk
from brain.crews.definitions_loader import crew_named
from brain.crews.errors import GraphRefused
from brain.crews.guardrails import GUARDRAILS, Case
from brain.crews.outputs import ProductSearchOutput, ProductValidationOutput, SupplyCheckOutput
from brain.crews.playbooks import PLAYBOOKS, Given
from brain.crews.task import Secret
from brain.crews.tools import Evidence, ToolCall
from brain.integrations.graph import ConnectedAccess
from brain.workflows.messages import RunRef
from tests.brain.catalogue.conftest import Make, Stored
from tests.brain.catalogue.contract_server import ContractServer, Step
from tests.brain.catalogue.provider_files import PROVIDERS
from tests.brain.crews import world
from tests.brain.crews.world import NOW, RUN, Graph, Story

AMAZON = next(provider for provider in PROVIDERS if provider.name == "amazon_sp")
TENANT = world.task("product_search", "search", input={}).tenant
DE, HOST = "A1PA6795UKMFR9", "sellingpartnerapi-eu.amazon.com"
URI = "/products/pricing/2022-05-01/items/competitiveSummary"


class Access(ConnectedAccess):
    """Amazon as the contract server has it, and a graph that a test writes."""

    def __init__(self, connector: Any, root: dict[str, Any]) -> None:
        super().__init__(None, "", None, load_catalogue(), connector)  # type: ignore[arg-type]
        self.graph = Graph(root)
        self.states: list[str] = []

    async def send(self, run: Any, scopes: Any, document: str, variables: Any, key: Any, *_: Any) -> dict[str, Any]:
        if "recordAgentIntegration" in document:
            self.states.append(variables["input"]["state"])
            return {}
        return await self.graph.execute(document, variables)


@pytest.fixture
def connected(stored: Stored) -> None:
    stored.fields[TENANT, "amazon_sp"] = AMAZON.credentials


def step(request: str, reply: Any = None, body: Any = None, **answer: Any) -> Step:
    return AMAZON.step({"request": request, "json": body}, **(answer or {"reply": reply}))


def asked(*asins: str) -> dict[str, Any]:
    data = ["featuredBuyingOptions", "lowestPricedOffers"]
    return {
        "requests": [
            {"asin": each, "marketplaceId": DE, "includedData": data, "method": "GET", "uri": URI} for each in asins
        ]
    }


def offer(price: Any, shipping: Any = None, seller: str = "A1") -> dict[str, Any]:
    options = [] if shipping is None else [{"shippingOptionType": "DEFAULT", "price": {"amount": shipping}}]
    return {"sellerId": seller, "listingPrice": {"amount": price, "currencyCode": "EUR"}, "shippingOptions": options}


def answer(asin: str, featured: Any = None, *lowest: Any, status: int = 200) -> dict[str, Any]:
    body: dict[str, Any] = {"asin": asin, "marketplaceId": DE}
    if featured is not None:
        body["featuredBuyingOptions"] = [{"buyingOptionType": "New", "segmentedFeaturedOffers": [featured]}]
    wanted = {"itemCondition": "New", "offerType": "CONSUMER"}
    body["lowestPricedOffers"] = [{"lowestPricedOffersInput": wanted, "offers": list(lowest)}]
    return {"status": {"statusCode": status}, "body": body}


def item(asin: str, name: str, rank: int | None = None) -> dict[str, Any]:
    ranks = [] if rank is None else [{"displayGroupRanks": [{"title": "Kitchen", "rank": rank}]}]
    return {"asin": asin, "summaries": [{"itemName": name, "brand": "Brand"}], "salesRanks": ranks}


async def run(access: Access, story: Story, crew: str, task: str, **given: Any) -> Any:
    graph = access.of(RunRef(TENANT, RUN, crew, None, []))
    request = world.task(crew, task, engine=given.pop("engine", None), input=given)
    return await run_task(request, graph, story.meter(), story)


SEARCH = (
    f"GET {HOST}/catalog/2022-04-01/items?marketplaceIds={DE}&keywords=steel,bottle"
    "&includedData=summaries,salesRanks&pageSize=20"
)


@pytest.mark.usefixtures("connected")
async def test_products_are_found_with_their_offers(server: ContractServer, make_connector: Make, story: Story) -> None:
    found = [item("B000000001", "Bottle", 120), item("B000000002", "Other bottle"), {"asin": "B000000003"}]
    offers = [answer("B000000001", offer(12.9, 3), offer(11, seller="A2")), answer("B000000002")]
    server.play(
        *AMAZON.token_step(),
        step(SEARCH, {"items": found}),
        step(f"POST {HOST}/batches{URI}", {"responses": offers}, asked("B000000001", "B000000002")),
    )
    access = Access(make_connector(), {})
    # A language model that is set up is not asked: what a marketplace says is copied.
    engine = EngineChoice(provider="openai", model="gpt", api_key=Secret("sk"), base_url="http://127.0.0.1:1")
    result = await run(
        access, story, "product_search", "search", marketplaceId=DE, keywords=["steel", "bottle"], engine=engine
    )
    server.verify()
    (action,) = result.actions
    assert (action.tool, action.risk, result.read_untrusted, result.engine.kind) == (
        "record_candidates",
        Risk.WRITE,
        False,
        "PLAYBOOK",
    )
    first, second = action.arguments["products"]
    assert first.pop("currency") == "EUR"
    assert first == {
        "asin": "B000000001",
        "title": "Bottle",
        "brand": "Brand",
        "salesRank": 120,
        "rankCategory": "Kitchen",
        "unitPrice": "12.9",
        "shippingPrice": "3",
        "offerCount": 2,
    }
    assert (second["unitPrice"], second["offerCount"], second["salesRank"]) == (None, 0, None)
    assert access.states == ["CONNECTED"]


@pytest.mark.usefixtures("connected")
async def test_where_nothing_is_found_nothing_is_proposed(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    server.play(*AMAZON.token_step(), step(SEARCH, {"items": []}))
    result = await run(
        Access(make_connector(), {}), story, "product_search", "search", marketplaceId=DE, keywords=["steel", "bottle"]
    )
    assert result.actions == ()


async def test_without_a_connection_it_says_so_and_invents_nothing(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    server.play()
    access = Access(make_connector(), {})
    with pytest.raises(CrewError) as caught:
        await run(access, story, "product_search", "search", marketplaceId=DE, keywords=["steel"])
    assert "MISSING_CREDENTIALS" in (getattr(caught.value, "cause_code", ""), caught.value.code)
    assert access.states == ["MISSING_CREDENTIALS"]


@pytest.mark.usefixtures("connected")
async def test_what_is_due_is_looked_at_in_one_request(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    asins = [f"B00000000{number}" for number in range(1, 7)]
    dollars = offer(7)
    dollars["listingPrice"]["currencyCode"] = "USD"
    offers = [
        answer(asins[0], offer(9.99)),
        answer(asins[1]),
        answer(asins[2], status=404),
        answer(asins[3], status=500),
        # An answer is of the product that it names, wherever it stands.
        answer(asins[5], offer(5)),
        answer(asins[4], dollars),
    ]
    server.play(*AMAZON.token_step(), step(f"POST {HOST}/batches{URI}", {"responses": offers}, asked(*asins)))
    due = {"edges": [{"node": {"asin": asin, "currency": "EUR"}} for asin in asins]}
    access = Access(make_connector(), {"sourcingCandidates": lambda info, **_: due})
    result = await run(access, story, "supply_check", "look", marketplaceId=DE)
    (action,) = result.actions
    seen = {each["asin"]: (each["unitPrice"], each["offerCount"]) for each in action.arguments["observations"]}
    assert datetime.fromisoformat(action.arguments["observedAt"]) == NOW
    assert seen == {asins[0]: ("9.99", 1), asins[1]: (None, 0), asins[2]: (None, 0), asins[5]: ("5", 1)}
    assert action.arguments["unanswered"] == [asins[3], asins[4]], "dollars are no price in Germany"
    assert (action.tool, result.read_untrusted) == ("record_supply", False)
    assert result.output["summary"] == "4 of 6 products were seen, 2 of them are not to be had."


@pytest.mark.usefixtures("connected")
async def test_a_request_that_amazon_refuses_sells_nothing_out(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    asins = ["B000000001", "B000000002"]
    offers = [answer(asin, status=400) for asin in asins]
    server.play(*AMAZON.token_step(), step(f"POST {HOST}/batches{URI}", {"responses": offers}, asked(*asins)))
    due = {"edges": [{"node": {"asin": asin, "currency": "EUR"}} for asin in asins]}
    access = Access(make_connector(), {"sourcingCandidates": lambda info, **_: due})
    (action,) = (await run(access, story, "supply_check", "look", marketplaceId=DE)).actions
    assert (action.arguments["observations"], action.arguments["unanswered"]) == ([], asins)


@pytest.mark.usefixtures("connected")
async def test_more_products_are_noted_twenty_at_a_time(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    asins = [f"B0000000{number}" for number in range(10, 33)]
    found = [item(asin, "Bottle") for asin in asins]
    server.play(
        *AMAZON.token_step(),
        step(SEARCH, {"items": found[:20], "pagination": {"nextToken": "n"}}),
        step(f"{SEARCH}&pageToken=n", {"items": found[20:]}),
        step(
            f"POST {HOST}/batches{URI}",
            {"responses": [answer(each, offer(2)) for each in asins[:20]]},
            asked(*asins[:20]),
        ),
    )
    access = Access(make_connector(), {})
    result = await run(access, story, "product_search", "search", marketplaceId=DE, keywords=["steel", "bottle"])
    server.verify()
    assert [[each["asin"] for each in action.arguments["products"]] for action in result.actions] == [
        asins[:20],
        asins[20:],
    ]
    assert result.output["summary"] == "23 products are found, 20 of them with an offer."


async def test_a_crew_uses_no_operation_that_is_not_its_tool(server: ContractServer, make_connector: Make) -> None:
    server.play()
    graph = Access(make_connector(), {}).of(RunRef(TENANT, RUN, "product_search", None, []))
    for operation in ("amazon_sp.update_price", "amazon_sp.search_orders", "stripe.get_balance"):
        with pytest.raises(GraphRefused, match="has no part in"):
            await graph.execute(f"integration:{operation}", {"input": {}})
    assert not server.received


def candidate(**changes: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "sellingPrice": "29.99",
        "purchasePrice": "12",
        "shippingCost": "1",
        "purchaseCurrency": "EUR",
    }
    inputs |= {"rateDate": None, "hsCode": None, "dutyPercent": "0"}
    evaluation: dict[str, Any] = {"id": "e1", "currency": "EUR", "landedCost": "13", "netPrice": "25", "profit": "8"}
    evaluation |= {"marginPercent": changes.pop("margin", "33.85"), "breakEvenPrice": "19.53", "inputs": inputs}
    found = {
        "id": "c1",
        "asin": "B000000001",
        "marketplaceId": DE,
        "title": "Steel bottle",
        "brand": "B",
        "salesRank": 900,
    }
    found |= {"rankCategory": "Kitchen", "inStock": True, "offerCount": 4, "unitPrice": "12", "shippingPrice": "1"}
    found |= {"currency": "EUR", "observedAt": None, "evaluation": evaluation, "changes": {"edges": []}}
    return {**found, **changes}


def judged(found: dict[str, Any], **product: Any) -> tuple[dict[str, Any], Evidence]:
    evidence = Evidence()
    steps = PLAYBOOKS["product_validation", "validate"](Given({}, {}, NOW))
    next(steps)
    evidence.calls.append(ToolCall("read_candidate", {}, {"sourcingCandidate": found}))
    asked = steps.send({"sourcingCandidate": found})
    assert (asked.tool, asked.arguments) == ("read_product", {"asin": found["asin"], "marketplace_id": DE})
    known = {"text": json.dumps({"productTypes": [{"marketplaceId": DE, "productType": "BOTTLE"}], **product})}
    evidence.calls.append(ToolCall("read_product", asked.arguments, known))
    try:
        steps.send(known)
    except StopIteration as end:
        return end.value, evidence
    raise AssertionError("it reads twice")


def problems(model: Any, rules: tuple[str, ...], evidence: Evidence) -> list[str]:
    return [problem for rule in rules for problem in GUARDRAILS[rule](model, Case(evidence, {}))]


RULES = ("candidate_was_read", "verdict_follows")


@pytest.mark.parametrize(
    ("change", "failed", "concerns"),
    [
        ({}, [], []),
        ({"salesRank": None, "offerCount": 20}, [], ["demand", "competition"]),
        ({"unitPrice": "13"}, [], ["margin"]),
        ({"margin": "8"}, [], ["margin"]),
        ({"title": "Perfume, lithium powered"}, [], ["compliance"]),
        ({"margin": "4.9"}, ["margin"], []),
        ({"salesRank": 200_000}, ["demand"], []),
        ({"offerCount": 31}, ["competition"], []),
        ({"inStock": False}, ["competition"], []),
        ({"title": "Replica firearms"}, ["compliance"], []),
        ({"salesRank": None, "offerCount": None, "margin": "8"}, None, ["demand", "competition", "margin"]),
    ],
)
def test_a_product_is_judged_by_stated_rules(change: dict[str, Any], failed: Any, concerns: Any) -> None:
    output, evidence = judged(candidate(**change))
    verdicts = {each["aspect"]: each["verdict"] for each in output["findings"]}
    assert [aspect for aspect, verdict in verdicts.items() if verdict == "FAIL"] == (failed or [])
    assert [aspect for aspect, verdict in verdicts.items() if verdict == "CONCERN"] == concerns
    assert (output["approval"] is not None) == (failed == [])
    assert problems(ProductValidationOutput.model_validate(output), RULES, evidence) == []


@pytest.mark.parametrize(
    ("product", "verdict", "note"),
    [
        ({}, "PASS", "BOTTLE"),
        # Words of a title are of the marketplace's language; product types are Amazon's own.
        ({"productTypes": [{"productType": "KITCHEN_KNIFE"}]}, "CONCERN", "product type says 'knife'"),
        ({"productTypes": [{"productType": "ELECTRONIC_CIGARETTE"}]}, "FAIL", "product type says 'cigarette'"),
        ({"summaries": [{"adultProduct": True}]}, "CONCERN", "for adults"),
        ({"productTypes": []}, "CONCERN", "not known (Amazon names none)"),
    ],
)
def test_compliance_is_judged_by_what_amazon_calls_it(product: dict[str, Any], verdict: str, note: str) -> None:
    output, evidence = judged(candidate(title="Kuechenhelfer, 12 Zoll"), **product)
    (finding,) = [each for each in output["findings"] if each["aspect"] == "compliance"]
    assert (finding["verdict"], note in finding["note"]) == (verdict, True)
    bold = {**output, "approval": "It sells.", "rejection": None}
    bold["findings"] = [{**each, "verdict": "PASS"} for each in output["findings"]]
    refused = problems(ProductValidationOutput.model_validate(bold), ("verdict_follows",), evidence)
    assert [each for each in refused if "product type" in each] == refused
    assert bool(refused) == (verdict == "FAIL")


@pytest.mark.usefixtures("connected")
async def test_amazons_catalogue_is_asked_for_the_product_type(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    asked_for = f"GET {HOST}/catalog/2022-04-01/items/B000000001?marketplaceIds={DE}"
    asked_for += "&includedData=summaries,salesRanks,dimensions,productTypes"
    known = {"asin": "B000000001", "productTypes": [{"marketplaceId": DE, "productType": "BOTTLE"}]}
    server.play(*AMAZON.token_step(), step(asked_for, known))
    access = Access(make_connector(), {"sourcingCandidate": lambda info, id: candidate()})  # noqa: A006
    result = await run(access, story, "product_validation", "validate", candidateId="c1")
    server.verify()
    (action,) = result.actions
    finding = {each["aspect"]: each for each in action.arguments["findings"]}["compliance"]
    assert (finding["verdict"], "BOTTLE" in finding["note"]) == ("PASS", True)


async def test_without_a_connection_the_product_type_is_a_concern(
    server: ContractServer, make_connector: Make, story: Story
) -> None:
    server.play()
    access = Access(make_connector(), {"sourcingCandidate": lambda info, id: candidate()})  # noqa: A006
    result = await run(access, story, "product_validation", "validate", candidateId="c1")
    (action,) = result.actions
    finding = {each["aspect"]: each for each in action.arguments["findings"]}["compliance"]
    assert (finding["verdict"], "(MISSING_CREDENTIALS)" in finding["note"]) == ("CONCERN", True)
    assert action.tool == "approve_candidate"


def test_what_a_language_model_may_not_put_out() -> None:
    output, evidence = judged(candidate())
    failing = [{**output["findings"][0], "verdict": "FAIL"}, *output["findings"][1:]]
    for change, problem in (
        ({"evaluationId": "e2"}, "evaluationId must be"),
        ({"rejection": "no"}, "only one"),
        ({"findings": failing}, "demand failed"),
        ({"findings": [output["findings"][0]] * 4}, "one finding"),
    ):
        model = ProductValidationOutput.model_validate({**output, **change})
        assert any(problem in each for each in problems(model, RULES, evidence))
    model = ProductValidationOutput.model_validate(output)
    assert problems(model, RULES, Evidence()) == ["read the product with read_candidate before you judge it"]
    _, loss = judged(candidate(margin="-3"))
    assert "each sale would lose money: it cannot be approved" in problems(model, RULES, loss)


def test_no_product_or_price_that_amazon_has_not_named() -> None:
    evidence = Evidence()
    listed = json.dumps([{"asin": "B000000001"}])
    evidence.calls.append(ToolCall("search_catalogue", {}, {"text": listed}))
    evidence.calls.append(ToolCall("read_offers", {}, {"text": json.dumps([answer("B000000001", offer(9.99))])}))
    due = {"sourcingCandidates": {"edges": [{"node": {"asin": "B000000001"}}]}}
    evidence.calls.append(ToolCall("read_due", {}, due))
    good = {"asin": "B000000001", "unitPrice": "9.99", "shippingPrice": "0", "offerCount": 1}
    for change, wrong in (({}, []), ({"asin": "B000000002"}, ["B000000002"]), ({"unitPrice": "8.99"}, ["8.99"])):
        seen = {**good, **change}
        found = ProductSearchOutput.model_validate({"summary": "x", "batches": [[{**seen, "title": "x"}]]})
        watched = SupplyCheckOutput.model_validate(
            {"summary": "x", "observedAt": NOW, "observations": [seen], "unanswered": []}
        )
        for model, rule in ((found, "products_were_read"), (watched, "supply_was_read")):
            assert [each.split()[0] for each in problems(model, (rule,), evidence)] == wrong


async def test_a_person_decides_about_what_is_proposed(story: Story) -> None:
    graph = Graph({"sourcingCandidate": lambda info, id: candidate()})  # noqa: A006
    request = world.task("product_validation", "validate", input={"candidateId": "c1"})
    result = await run_task(request, graph, story.meter(), story)
    (action,) = result.actions
    assert (action.tool, action.risk, result.read_untrusted) == ("approve_candidate", Risk.MONEY, True)
    assert action.arguments["evaluationId"] == "e1"
    assert action.arguments["note"] == "Worth listing: 33.85 % margin at 29.99 EUR; of concern: compliance."
    assert graph.writes == []
    crew = crew_named("product_validation")
    assert (crew.risk, crew.approve_writes) == (Risk.MONEY, True)
    with pytest.raises(CrewError, match="evaluate it first"):
        await run_task(
            request,
            Graph({"sourcingCandidate": lambda info, id: candidate(evaluation=None)}),  # noqa: A006
            story.meter(),
            story,
        )
