"""From what was found to what is listed; and what nobody of another tenant sees."""

from uuid import uuid4

import pytest

from resolvers.demo import demo_id
from tests.subgraphs.conftest import ALL_SCOPES
from tests.subgraphs.sourcing.conftest import CANDIDATE, COSTS, DE, PRODUCT, V1

LIST = """query ($filter: SourcingCandidateFilterInput, $orderBy: SourcingCandidateOrder! = NEWEST, $first: Int) {
  sourcingCandidates(filter: $filter, orderBy: $orderBy, first: $first) {
    totalCount edges { node { asin status marginPercent } } pageInfo { hasNextPage } } }"""


async def test_a_product_is_found_evaluated_approved_and_listed(tenant):
    found = await tenant.found()
    assert (found["status"], found["unitPrice"], found["inStock"], found["evaluation"]) == ("FOUND", "12", True, None)
    evaluated = await tenant.evaluated()
    assert (evaluated["id"], evaluated["status"], evaluated["marginPercent"]) == (found["id"], "EVALUATED", "33.85")
    approved = await tenant.approved()
    assert (approved["status"], approved["note"]) == ("APPROVED", "It sells.")
    listed = await tenant.mutate(
        "listSourcingCandidate",
        f"candidate {{ {CANDIDATE} }}",
        candidateId=found["id"],
        productId=PRODUCT,
        variantId=V1,
        sku="S1",
        expectedVersion=approved["version"],
    )
    candidate = listed["candidate"]
    assert (candidate["status"], candidate["variantId"], candidate["sellingPrice"]) == ("LISTED", V1, "29.99")
    told = await tenant.told()
    assert [name for name, _ in told] == ["candidate_approved", "candidate_listed"]
    approval = told[0][1]
    assert (approval["landed_cost"], approval["price"], approval["margin"]) == ("13.42", "29.99", "33.85")
    assert (approval["supplier"], approval["currency"]) == ("Amazon DE", "EUR")
    gone = await tenant.done("delistSourcingCandidate", f"candidate {{ {CANDIDATE} }}", candidateId=found["id"])
    assert (gone["candidate"]["status"], gone["candidate"]["variantId"]) == ("APPROVED", None)
    name, data = (await tenant.told())[-1]
    assert (name, data["variant_id"]) == ("candidate_delisted", V1)


async def test_an_evaluation_is_kept_with_what_it_rests_on(tenant):
    found = await tenant.evaluated(currency="USD", exchangeRate="0.925", rateDate="2026-01-05", hsCode="732393")
    await tenant.evaluated()
    query = """query ($id: ID!) { sourcingCandidate(id: $id) { evaluations(first: 5) { edges { node {
      currency goods duty landedCost profit marginPercent breakEvenPrice
      inputs { purchaseCurrency exchangeRate rateDate hsCode taxRecoverable } } } } } }"""
    edges = (await tenant.data(query, {"id": found["id"]}))["sourcingCandidate"]["evaluations"]["edges"]
    assert [edge["node"]["goods"] for edge in edges] == ["12", "11.1"]
    assert edges[1]["node"]["inputs"] == {
        "purchaseCurrency": "EUR",
        "exchangeRate": "0.925",
        "rateDate": "2026-01-05",
        "hsCode": "732393",
        "taxRecoverable": True,
    }
    assert edges[0]["node"]["breakEvenPrice"] == "19.53"


async def test_an_approval_is_of_the_figures_that_were_looked_at(tenant):
    old = await tenant.evaluated()
    await tenant.evaluated(purchasePrice="14.00")
    given = {"candidateId": old["id"], "evaluationId": old["evaluation"]["id"], "note": "x"}
    assert await tenant.refused("approveSourcingCandidate", **given) == "SOURCING_EVALUATION_CHANGED"
    loss = await tenant.evaluated(sellingPrice="10.00")
    given["evaluationId"] = loss["evaluation"]["id"]
    assert await tenant.refused("approveSourcingCandidate", **given) == "SOURCING_BELOW_BREAK_EVEN"
    assert await tenant.told() == []


async def test_what_has_become_too_dear_since_is_neither_approved_nor_listed(tenant):
    evaluated, approved = await tenant.evaluated(), await tenant.approved("B000000002")
    await tenant.seen(B000000001="28.00", B000000002="28.00")
    given = {"candidateId": evaluated["id"], "evaluationId": evaluated["evaluation"]["id"], "note": "x"}
    assert await tenant.refused("approveSourcingCandidate", **given) == "SOURCING_BELOW_BREAK_EVEN"
    given = {"candidateId": approved["id"], "productId": PRODUCT, "variantId": V1, "sku": "S"}
    assert await tenant.refused("listSourcingCandidate", **given) == "SOURCING_BELOW_BREAK_EVEN"


async def test_what_is_listed_is_so_at_what_it_costs_by_then(tenant):
    approved = await tenant.approved()
    await tenant.seen(B000000001="19.00")
    given = {"candidateId": approved["id"], "productId": PRODUCT, "variantId": V1, "sku": "S"}
    listed = (await tenant.done("listSourcingCandidate", f"candidate {{ {CANDIDATE} }}", **given))["candidate"]
    assert (listed["sellingPrice"], listed["marginPercent"]) == ("29.99", "9.28")
    assert listed["evaluation"] != approved["evaluation"]
    told = dict(await tenant.told())
    assert (told["candidate_listed"]["unit_cost"], told["candidate_listed"]["shipping_cost"]) == ("19", "0")
    # That is less than the rules want, and 15 % is more than a person has agreed to.
    waiting = await tenant.data("{ sourcingPriceProposals { edges { node { status candidate { id } } } } }")
    (edge,) = waiting["sourcingPriceProposals"]["edges"]
    assert edge["node"] == {"status": "PENDING", "candidate": {"id": approved["id"]}}


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("approveSourcingCandidate", {"evaluationId": str(uuid4()), "note": "x"}, "SOURCING_CANDIDATE_NOT_READY"),
        ("listSourcingCandidate", {"productId": PRODUCT, "variantId": V1, "sku": "S"}, "SOURCING_CANDIDATE_NOT_READY"),
        ("listSourcingCandidate", {"productId": V1, "variantId": V1, "sku": "S"}, "BAD_USER_INPUT"),
        ("delistSourcingCandidate", {}, "SOURCING_CANDIDATE_NOT_READY"),
        ("rejectSourcingCandidate", {"note": " "}, "BAD_USER_INPUT"),
        ("evaluateSourcingCandidate", {"costs": {**COSTS, "purchaseCurrency": "USD"}}, "SOURCING_CURRENCY_MISMATCH"),
        (
            # What is bought at Amazon's in Germany is paid in euros, whatever one reckons with.
            "evaluateSourcingCandidate",
            {"costs": {**COSTS, "purchaseCurrency": "USD", "exchangeRate": "0.9", "rateDate": "2026-01-05"}},
            "SOURCING_CURRENCY_MISMATCH",
        ),
        ("evaluateSourcingCandidate", {"costs": {**COSTS, "sellingPrice": "0"}}, "BAD_USER_INPUT"),
        ("evaluateSourcingCandidate", {"costs": COSTS, "expectedVersion": 9}, "VERSION_CONFLICT"),
    ],
)
async def test_what_is_refused_of_one_that_was_only_found(tenant, field, values, code):
    found = await tenant.found()
    assert await tenant.refused(field, candidateId=found["id"], **values) == code
    assert await tenant.refused(field, **{"candidateId": str(uuid4()), **values}) in (
        "SOURCING_CANDIDATE_NOT_FOUND",
        "BAD_USER_INPUT",
    )


async def test_what_is_rejected_can_be_evaluated_anew(tenant):
    found = await tenant.evaluated()
    finding = {"aspect": "demand", "verdict": "FAIL", "note": "Nobody wants it."}
    rejected = await tenant.done(
        "rejectSourcingCandidate",
        f"candidate {{ {CANDIDATE} }}",
        candidateId=found["id"],
        note="No demand.",
        findings=[finding],
    )
    assert (rejected["candidate"]["status"], rejected["candidate"]["findings"]) == ("REJECTED", [finding])
    again = await tenant.evaluated()
    assert (again["status"], again["findings"], again["note"]) == ("EVALUATED", [], None)


async def test_a_known_product_is_brought_up_to_date_but_for_its_price(tenant):
    await tenant.evaluated()
    again = await tenant.found(price="15.00", title="Another title", salesRank=7)
    assert (again["title"], again["unitPrice"], again["status"]) == ("Another title", "12", "EVALUATED")
    same = await tenant.found(price="15.00", title="Another title", salesRank=7)
    assert same["version"] == again["version"]


@pytest.mark.parametrize(
    "change",
    [
        {"asin": "B1"},
        {"title": " "},
        {"unitPrice": "-1"},
        {"imageUrl": "http://x"},
        {"unitPrice": None, "shippingPrice": "1"},
        {"salesRank": -1},
    ],
)
async def test_products_that_cannot_be_kept(tenant, change):
    product = {"asin": "B000000001", "title": "x", "unitPrice": "1", **change}
    for products in ([product], [], [{"asin": "B000000001", "title": "x"}] * 2):
        given = {"marketplaceId": DE, "products": products}
        assert await tenant.refused("recordSourcingCandidates", **given) == "BAD_USER_INPUT"
    assert await tenant.refused("recordSourcingCandidates", marketplaceId="XX", products=[product]) == "BAD_USER_INPUT"


@pytest.mark.parametrize("price", [None, "12.00"])
async def test_what_is_sold_out_is_listed_as_such(tenant, price):
    await tenant.evaluated()
    await tenant.seen(B000000001=price)
    await tenant.listed()
    listed = dict(await tenant.told())["candidate_listed"]
    assert (listed["in_stock"], listed["unit_cost"]) == (price is not None, "12")


async def test_two_candidates_are_not_listed_as_one_variant(tenant):
    await tenant.listed("B000000001", V1)
    other = await tenant.approved("B000000002")
    given = {"candidateId": other["id"], "productId": PRODUCT, "variantId": V1, "sku": "S"}
    assert await tenant.refused("listSourcingCandidate", **given) == "SOURCING_VARIANT_LISTED"


async def test_the_list_is_filtered_and_ordered(tenant):
    await tenant.evaluated("B000000001")
    await tenant.evaluated("B000000002", sellingPrice="49.99")
    await tenant.found("B000000003", price=None, offerCount=0)

    async def asins(**variables):
        data = (await tenant.data(LIST, variables))["sourcingCandidates"]
        return [edge["node"]["asin"][-1] for edge in data["edges"]], data["totalCount"]

    assert await asins() == (["3", "2", "1"], 3)
    assert await asins(orderBy="MARGIN") == (["2", "1", "3"], 3)
    assert await asins(orderBy="LEAST_RECENT") == (["1", "2", "3"], 3)
    assert await asins(filter={"statuses": ["EVALUATED"], "minMarginPercent": "40"}) == (["2"], 1)
    assert await asins(filter={"inStock": False}) == (["3"], 1)
    assert await asins(filter={"title": "000%"}) == ([], 0)
    assert await asins(filter={"title": "PRODUCT b", "marketplaceId": DE}, first=1) == (["3"], 3)


async def test_a_level_is_one_statement_whatever_its_size(sourcing):
    query = """{ sourcingCandidates(first: %d) { edges { node { id evaluation { profit }
      evaluations(first: 2) { edges { node { id } } } changes(first: 2) { edges { node { kind } } } } } } }"""
    counts = []
    for size in (2, 6):
        with sourcing.count_statements() as statements:
            data = await sourcing.data(query % size)
        assert len(data["sourcingCandidates"]["edges"]) == size
        counts.append(len(statements))
    assert counts == [4, 4]


async def test_references_take_one_statement_and_are_the_tenants(sourcing):
    kinds = {"SourcingCandidate": "sourcing_candidate", "SourcingPriceProposal": "sourcing_price_proposal"}
    kinds["DropshipOrder"] = "dropship_order"
    for kind, key in kinds.items():
        wanted = [{"__typename": kind, "id": str(demo_id("acme", key, "1"))}]
        with sourcing.count_statements() as statements:
            found = await sourcing.entities(wanted, f"... on {kind} {{ id }}")
        assert found == [{"id": wanted[0]["id"]}]
        assert len(statements) == 1
        assert await sourcing.entities(wanted, f"... on {kind} {{ id }}", tenant="globex") == [None]


async def test_another_tenants_candidate_is_not_there(tenant):
    theirs = str(demo_id("acme", "sourcing_candidate", "4"))
    given = {"candidateId": theirs, "note": "mine now"}
    assert await tenant.refused("rejectSourcingCandidate", **given) == "SOURCING_CANDIDATE_NOT_FOUND"
    given = {"candidateId": theirs, "costs": COSTS}
    assert await tenant.refused("evaluateSourcingCandidate", **given) == "SOURCING_CANDIDATE_NOT_FOUND"
    assert (await tenant.data(LIST))["sourcingCandidates"]["totalCount"] == 0


async def test_scopes_are_asked_for(sourcing):
    for query, scope in (
        ("{ sourcingCandidates { totalCount } }", "read"),
        ("{ dropshipOrders { totalCount } }", "read"),
        ("{ sourcingPriceRules { minMarginPercent } }", "read"),
        (
            'mutation { rejectSourcingCandidate(input: {candidateId: "x", note: "x"}) { errors { code } } }',
            "write",
        ),
    ):
        refused = await sourcing.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": f"sourcing:{scope}"}


async def test_who_works_does_not_approve_but_a_run_carries_out_what_was_decided(tenant):
    found = await tenant.evaluated()
    work = {"scopes": ["sourcing:read", "sourcing:write"], "tenant": tenant.id}
    approve = """mutation ($input: ApproveSourcingCandidateInput!) { approveSourcingCandidate(input: $input) {
      candidate { status } errors { code } } }"""
    given = {"input": {"candidateId": found["id"], "evaluationId": found["evaluation"]["id"], "note": "It sells."}}
    decide = """mutation { decideSourcingPrice(input: {proposalId: "x", approve: true}) { errors { code } } }"""
    rules = """mutation { setSourcingPriceRules(input: {minMarginPercent: "0", maxPriceChangePercent: "100"}) {
      errors { code } } }"""
    # A run stands also behind what a person asks beside an agent's field, in the same request.
    beside = {"claims": {"run": str(uuid4())}}
    for query, variables, more in ((approve, given, {}), (approve, given, beside), (decide, {}, {}), (rules, {}, {})):
        refused = await tenant.subgraph.call(query, variables, **work, **more)
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "sourcing:approve"}
    # Also one of a schedule, or a further try, which nobody has validated the candidate with.
    work["scopes"].append("agents:run")
    by_run = await tenant.subgraph.data(approve, given, **work, claims={"run": str(uuid4())})
    assert by_run["approveSourcingCandidate"] == {"candidate": {"status": "APPROVED"}, "errors": []}


async def test_what_a_run_stands_behind_is_refused_without_one_and_says_which_looked(tenant):
    found = await tenant.evaluated()
    query = """mutation ($id: ID!) { validateSourcingCandidate(input: {candidateId: $id}) {
      run { id } candidate { status validation { id } } errors { code } } }"""
    refused = await tenant.subgraph.call(query, {"id": found["id"]}, tenant=tenant.id)
    assert refused["errors"][0]["extensions"]["code"] == "AGENT_RUN_REQUIRED"
    run = str(uuid4())
    data = await tenant.data(query, {"id": found["id"]}, claims={"run": run})
    payload = data["validateSourcingCandidate"]
    assert payload["run"] == {"id": run}
    assert payload["candidate"] == {"status": "VALIDATING", "validation": {"id": run}}
    # Its action comes with the run, and what it decided stays however late the field is answered.
    approve = """mutation ($input: ApproveSourcingCandidateInput!) { approveSourcingCandidate(input: $input) {
      candidate { status } errors { code } } }"""
    given = {"candidateId": found["id"], "evaluationId": found["evaluation"]["id"], "note": "It sells."}
    await tenant.data(approve, {"input": given}, claims={"run": run}, scopes=[*ALL_SCOPES, "agents:run"])
    again = (await tenant.data(query, {"id": found["id"]}, claims={"run": run}))["validateSourcingCandidate"]
    assert (again["candidate"]["status"], again["errors"]) == ("APPROVED", [])
