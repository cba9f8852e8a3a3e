"""Prices and stock of suppliers change: it is noted and told once, and selling prices follow within the rules."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from tests.subgraphs.sourcing.conftest import CANDIDATE, DE, variant

CHANGES = """query ($id: ID!) { sourcingCandidate(id: $id) { marginPercent sellingPrice
  changes { edges { node { kind before after currency } } } } }"""


async def changes(tenant, candidate_id):
    found = (await tenant.data(CHANGES, {"id": candidate_id}))["sourcingCandidate"]
    return [tuple(edge["node"].values()) for edge in found["changes"]["edges"]]


async def test_what_changes_is_noted_and_told_once(tenant):
    found = await tenant.found()
    same = await tenant.seen(B000000001="12.00")
    assert (same["seen"], same["changed"]) == (1, [])
    dearer = await tenant.seen(B000000001="13.00", B000000009="1.00")
    assert dearer["seen"] == 1
    assert [each["unitPrice"] for each in dearer["changed"]] == ["13"]
    assert (await tenant.seen(B000000001="13.00"))["changed"] == []
    gone = await tenant.seen(B000000001=None)
    assert (gone["changed"][0]["inStock"], gone["changed"][0]["unitPrice"]) == (False, "13")
    back = await tenant.seen(B000000001="13.00")
    assert back["changed"][0]["inStock"] is True
    assert await changes(tenant, found["id"]) == [
        ("STOCK", "0", "1", None),
        ("STOCK", "1", "0", None),
        ("SUPPLY_PRICE", "12", "13", "EUR"),
    ]
    told = await tenant.told()
    assert [name for name, _ in told] == ["price_changed", "stock_changed", "stock_changed"]
    assert (told[0][1]["before"], told[0][1]["unit_cost"], told[0][1]["variant_id"]) == ("12", "13", None)


async def test_a_price_within_the_bound_is_raised_by_itself(tenant):
    found = await tenant.listed(sellingPrice="20.49")
    result = await tenant.seen(B000000001="11.00")
    assert (result["proposals"], result["changed"][0]["sellingPrice"]) == ([], "20.49")
    result = await tenant.seen(B000000001="11.50")
    candidate = result["changed"][0]
    assert Decimal("20.49") < Decimal(candidate["sellingPrice"]) <= Decimal("21.51")
    assert Decimal(15) <= Decimal(candidate["marginPercent"]) < Decimal("15.1")
    assert (await tenant.told())[-1][0] == "selling_price_changed"
    assert ("SELLING_PRICE", "20.49", candidate["sellingPrice"], "EUR") in await changes(tenant, found["id"])


async def test_beyond_the_bound_a_person_decides_and_only_once(tenant):
    found = await tenant.listed()
    await tenant.seen(B000000001="24.00")
    (waiting,) = await proposals(tenant)
    assert waiting["currentPrice"] == "29.99"
    # Costs change again before anybody has decided: the newer proposal stands in its place.
    await tenant.seen(B000000001="25.00")
    first, old = await proposals(tenant)
    assert (first["status"], old["status"]) == ("PENDING", "SUPERSEDED")
    assert await tenant.refused("decideSourcingPrice", proposalId=old["id"], approve=True) == "SOURCING_ALREADY_DECIDED"
    done = await tenant.done(
        "decideSourcingPrice",
        f"proposal {{ status decidedBy {{ id }} }} candidate {{ {CANDIDATE} }}",
        proposalId=first["id"],
        approve=True,
        expectedVersion=first["version"],
    )
    assert (done["proposal"]["status"], done["candidate"]["sellingPrice"]) == ("APPROVED", first["proposedPrice"])
    assert done["proposal"]["decidedBy"] is not None
    assert (
        await tenant.refused("decideSourcingPrice", proposalId=first["id"], approve=False) == "SOURCING_ALREADY_DECIDED"
    )
    assert [name for name, _ in await tenant.told()][-1] == "selling_price_changed"
    assert (await changes(tenant, found["id"]))[0] == ("SELLING_PRICE", "29.99", first["proposedPrice"], "EUR")


async def test_a_rejected_proposal_changes_nothing_and_a_delisted_candidate_has_none(tenant):
    found = await tenant.listed()
    await tenant.seen(B000000001="24.00")
    (waiting,) = await proposals(tenant)
    done = await tenant.done(
        "decideSourcingPrice", f"candidate {{ {CANDIDATE} }}", proposalId=waiting["id"], approve=False
    )
    assert done["candidate"]["sellingPrice"] == "29.99"
    await tenant.seen(B000000001="25.00")
    await tenant.done("delistSourcingCandidate", "__typename", candidateId=found["id"])
    assert [each["status"] for each in await proposals(tenant)] == ["SUPERSEDED", "REJECTED"]


async def test_the_tenants_rules_hold(tenant):
    payload = await tenant.done(
        "setSourcingPriceRules",
        "rules { minMarginPercent maxPriceChangePercent }",
        minMarginPercent="5",
        maxPriceChangePercent="100",
    )
    assert payload["rules"] == {"minMarginPercent": "5", "maxPriceChangePercent": "100"}
    await tenant.listed()
    assert (await tenant.seen(B000000001="24.00"))["proposals"] == []
    assert await tenant.refused("setSourcingPriceRules", minMarginPercent="91", maxPriceChangePercent="1") == (
        "BAD_USER_INPUT"
    )


async def test_the_same_seen_by_two_at_once_is_told_once(tenant):
    await tenant.listed()
    async with asyncio.timeout(20):
        await asyncio.gather(*(tenant.seen(B000000001="13.00") for _ in range(4)))
    assert [name for name, _ in await tenant.told()].count("price_changed") == 1


async def test_twenty_take_as_many_statements_as_one(tenant):
    asins = [f"B0000000{number:02}" for number in range(1, 13)]
    for number, asin in enumerate(asins, start=1):
        await tenant.listed(asin, variant(number))
    counts = []
    for price, some in (("13.00", asins[:1]), ("14.00", asins)):
        with tenant.subgraph.count_statements() as statements:
            result = await tenant.seen(**dict.fromkeys(some, price))
        assert len(result["changed"]) == len(some)
        counts.append(len([each for each in statements if "outbox" not in str(each)]))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("observations", [[], [{"asin": "B000000001"}] * 2, [{"asin": "x"}]])
async def test_observations_that_cannot_be(tenant, observations):
    given = {"marketplaceId": DE, "observations": observations}
    assert await tenant.refused("recordSourcingSupply", **given) == "BAD_USER_INPUT"


async def proposals(tenant):
    query = """{ sourcingPriceProposals { edges { node { id status currentPrice proposedPrice version
      candidate { asin } } } } }"""
    return [edge["node"] for edge in (await tenant.data(query))["sourcingPriceProposals"]["edges"]]


async def test_small_rises_do_not_add_up_to_one_that_nobody_has_agreed_to(tenant):
    await tenant.listed(sellingPrice="20.49")
    cost, selling, waiting = Decimal("11.40"), Decimal("20.49"), []
    while not waiting:
        result = await tenant.seen(B000000001=f"{cost:f}")
        waiting = result["proposals"]
        selling = max(selling, *(Decimal(each["sellingPrice"]) for each in result["changed"]))
        cost += Decimal("0.20")
        assert cost < 14
    assert Decimal("20.49") < selling <= Decimal("20.49") * Decimal("1.05")
    # What a person agrees to is where the next steps are counted from.
    await tenant.done("decideSourcingPrice", "__typename", proposalId=waiting[0]["id"], approve=True)
    after = await tenant.seen(B000000001=f"{cost:f}")
    assert (after["proposals"], Decimal(after["changed"][0]["sellingPrice"]) > Decimal("21.52")) == ([], True)


async def test_what_was_seen_earlier_and_is_told_later_changes_nothing(tenant):
    await tenant.listed()
    earlier = datetime.now(UTC)
    await tenant.seen(B000000001="13.00")
    given = {"marketplaceId": DE, "observations": [{"asin": "B000000001", "unitPrice": "9.00"}]}
    late = await tenant.done("recordSourcingSupply", "seen changed { id }", **given, observedAt=earlier.isoformat())
    assert (late["seen"], late["changed"]) == (1, [])
    for moment in (earlier + timedelta(hours=1), earlier.replace(tzinfo=None)):
        assert await tenant.refused("recordSourcingSupply", **given, observedAt=moment.isoformat()) == "BAD_USER_INPUT"
    now = datetime.now(UTC).isoformat()
    new = await tenant.done("recordSourcingSupply", "changed { unitPrice }", **given, observedAt=now)
    assert new["changed"] == [{"unitPrice": "9"}]


async def test_what_has_had_its_turn_waits_for_the_others_though_nothing_was_said_of_it(tenant):
    for asin in ("B000000001", "B000000002"):
        await tenant.found(asin)
    query = "{ sourcingCandidates(orderBy: LEAST_RECENT) { edges { node { asin unitPrice inStock observedAt } } } }"
    before = (await tenant.data(query))["sourcingCandidates"]["edges"]
    assert [edge["node"]["asin"] for edge in before] == ["B000000001", "B000000002"]
    given = {"marketplaceId": DE, "observations": []}
    payload = await tenant.done("recordSourcingSupply", "seen changed { id }", **given, unanswered=["B000000001"])
    assert (payload["seen"], payload["changed"]) == (0, [])
    assert (await tenant.data(query))["sourcingCandidates"]["edges"] == before[::-1]
    assert await tenant.refused("recordSourcingSupply", **given) == "BAD_USER_INPUT"
    twice = {"observations": [{"asin": "B000000001"}], "unanswered": ["B000000001"]}
    assert await tenant.refused("recordSourcingSupply", **given | twice) == "BAD_USER_INPUT"


async def test_prices_in_another_currency_are_no_prices(tenant):
    await tenant.found()
    price = {"asin": "B000000001", "unitPrice": "9.00", "currency": "USD"}
    assert await tenant.refused("recordSourcingSupply", marketplaceId=DE, observations=[price]) == "BAD_USER_INPUT"
    product = {**price, "title": "x"}
    assert await tenant.refused("recordSourcingCandidates", marketplaceId=DE, products=[product]) == "BAD_USER_INPUT"
    same = await tenant.done(
        "recordSourcingSupply", "changed { unitPrice }", marketplaceId=DE, observations=[{**price, "currency": "eur"}]
    )
    assert same["changed"] == [{"unitPrice": "9"}]


async def test_no_price_that_loses_money_is_agreed_to_and_none_that_was_changed_meanwhile(tenant):
    found = await tenant.listed()
    await tenant.seen(B000000001="24.00")
    (waiting,) = await proposals(tenant)
    given = {"proposalId": waiting["id"], "approve": True}
    assert await tenant.refused("decideSourcingPrice", **given, expectedVersion=9) == "VERSION_CONFLICT"
    async with tenant.subgraph.database.session(RequestContext.system(tenant.id)) as session:
        await session.execute(text("update price_proposals set proposed_price = 20"))
    assert await tenant.refused("decideSourcingPrice", **given) == "SOURCING_BELOW_BREAK_EVEN"
    assert (await proposals(tenant))[0]["status"] == "PENDING"
    assert await changes(tenant, found["id"]) == [
        ("SUPPLY_PRICE", "12", "24", "EUR"),
        ("SELLING_PRICE", None, "29.99", "EUR"),
    ]
