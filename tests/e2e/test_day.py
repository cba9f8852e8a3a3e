"""A day of a business, all of it through the Brain: two tenants at once, and neither sees the other.

The e-mail provider is a local server that keeps what it is sent; everything else is the platform.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.demo import demo_id

from .conftest import Platform
from .connected import connect
from .runs import Client
from .test_purchase import buy

pytestmark = pytest.mark.stack

TENANTS = ("acme", "globex")

FORM = """{ contentPage(path: "/contact") { form { id fields { name kind required choices } } } }"""
SUBMIT = """mutation ($input: SubmitContactFormInput!) { it: submitContactForm(input: $input) {
  accepted errors { code message } } }"""
LEADS = """query ($email: String!) { leads(first: 10, filter: {search: $email}) { edges { node {
  id source email contact { id } formSubmissions(first: 10) { edges { node { id } } } } } } }"""
SCORE = """mutation ($id: ID!) { it: scoreLead(input: {leadId: $id}) {
  run { id } lead { id } errors { code message } } }"""
LEAD = """query ($id: ID!) { lead(id: $id) {
  status scoring { value runId } assignee { id } contact { id email } } }"""
ASSIGN = """mutation ($input: AssignLeadInput!) { it: assignLead(input: $input) {
  lead { assignee { id name } } errors { code message } } }"""
CHECK_FILTER = "query ($filter: String!) { checkFilter(filter: $filter) { people } }"
CREATE_SEGMENT = """mutation ($input: CreateSegmentInput!) { it: createSegment(input: $input) {
  segment { id } errors { code message } } }"""
CREATE_CAMPAIGN = """mutation ($input: CreateCampaignInput!) { it: createCampaign(input: $input) {
  campaign { id } errors { code message } } }"""
ADD_VARIANT = """mutation ($input: AddCampaignVariantInput!) { it: addCampaignVariant(input: $input) {
  errors { code message } } }"""
PLAN = "mutation ($input: CampaignIdInput!) { it: planCampaign(input: $input) { errors { code message } } }"
LAUNCH = """mutation ($input: LaunchCampaignInput!) { it: launchCampaign(input: $input) {
  run { id } errors { code message } } }"""
CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { status failureCode metrics { sent } } }"
FOUND = """mutation ($input: RecordSourcingCandidatesInput!) { it: recordSourcingCandidates(input: $input) {
  candidates { id } errors { code message } } }"""
EVALUATE = """mutation ($input: EvaluateSourcingCandidateInput!) { it: evaluateSourcingCandidate(input: $input) {
  evaluation { id landedCost profit currency } errors { code message } } }"""
VALIDATE = """mutation ($input: ValidateSourcingCandidateInput!) { it: validateSourcingCandidate(input: $input) {
  run { id } errors { code message } } }"""
CANDIDATE = "query ($id: ID!) { sourcingCandidate(id: $id) { status } }"
LIST = """mutation ($input: ListSourcingCandidateInput!) { it: listSourcingCandidate(input: $input) {
  candidate { status } errors { code message } } }"""
DROPSHIP = """query ($order: ID!) { dropshipOrders(orderId: $order) { edges { node {
  id status quantity candidate { id } } } } }"""
MUG = '{ products(first: 3, search: "mug") { edges { node { id variants { id sku } } } } }'
BUSINESSES = """{ businesses(first: 40) { edges { node { id
  reviews(first: 100) { edges { node { author { id } } } } } } } }"""
ADD_REVIEW = """mutation ($input: AddReviewInput!) { it: addReview(input: $input) {
  review { id } errors { code message } } }"""
DRAFT = """mutation ($input: DraftReviewResponseInput!) { it: draftReviewResponse(input: $input) {
  run { id } errors { code message } } }"""
REVIEW = "query ($id: ID!) { review(id: $id) { response { text runId } } }"
ANALYSE = """mutation { it: analyseTenant { run { id } report { figures { name value } } errors { code message } } }"""
COUNTED = """query ($id: ID!, $period: MetricPeriodInput!) { metric(id: $id) { total(period: $period) { value } } }"""


@dataclass
class MailProvider:
    """Takes e-mails as SendGrid does, from whom it knows."""

    keys: dict[str, str] = field(default_factory=dict)
    """API key -> tenant."""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        tenant = self.keys.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if tenant is None or request.headers["host"] != "api.sendgrid.com":
            return JSONResponse({"errors": [{"message": "authorization required"}]}, 401)
        self.taken.append((tenant, json.loads(await request.body())))
        return Response(status_code=202, headers={"X-Message-Id": f"m-{len(self.taken)}"})

    def to(self, address: str) -> list[tuple[str, dict[str, Any]]]:
        """What was sent to an address: by whose key, and the message."""
        return [
            (tenant, message) for tenant, message in self.taken if address in json.dumps(message["personalizations"])
        ]


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server._serve())
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has nothing to await for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


@pytest.fixture
async def mail(platform: Platform) -> AsyncIterator[MailProvider]:
    provider = MailProvider({f"SG.{tenant}.{uuid4().hex}": tenant for tenant in TENANTS})
    for key, tenant in provider.keys.items():
        await connect(platform, tenant, "sendgrid", api_key=key)
    app = Starlette(routes=[Route("/v3/mail/send", provider.take, methods=["POST"])])
    async with serving(app, platform.providers_port):
        yield provider


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=60, trust_env=False) as http:
        yield Client(platform, http)


async def until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Waits for what other contexts do on their own."""
    try:
        async with asyncio.timeout(60):
            while not await condition():  # noqa: ASYNC110 - other processes are waited for
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(otherwise)


def asin(mark: str) -> str:
    """A number such as Amazon gives products, of this mark alone."""
    return f"B0{int(mark[-8:], 16) % 10**8:08d}"


class Day:
    """What one tenant's people do, one after another."""

    def __init__(self, client: Client, tenant: str) -> None:
        self.client = client
        self.tenant = tenant
        self.mark = f"{tenant}-{uuid4().hex[:12]}"
        """In all that this tenant writes on this day, and in nothing else."""
        self.email = f"{self.mark}@visitor.example"
        self.ids: dict[str, str] = {}
        """What was made on this day: field that reads it by its id -> id."""

    async def data(self, query: str, person: str, **variables: Any) -> Any:
        response = await self.client.ask(query, variables, f"{person}@{self.tenant}")
        body = response.json()
        assert response.status_code == 200, body
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def done(self, query: str, person: str, **given: Any) -> Any:
        """The payload of a mutation that was carried out."""
        payload = (await self.data(query, person, input=given))["it"]
        assert payload["errors"] == [], payload
        return payload

    async def approved(self, run_id: str, *, last: tuple[str, ...] = ("SUCCEEDED",)) -> None:
        """The run proposes, and somebody other than who asked agrees."""
        me, other = f"ada@{self.tenant}", f"ben@{self.tenant}"
        run = await self.client.waiting(run_id, me)
        assert run["status"] == "WAITING_FOR_APPROVAL", run
        await self.client.decide(run_id, run, other)
        run = await self.client.when(run_id, me, (*last, "SUCCEEDED", "FAILED", "REJECTED", "CANCELLED"))
        assert run["status"] in last, run

    async def visitor(self, query: str, **variables: Any) -> Any:
        """The data that somebody gets who is on the tenant's site and not signed in."""
        response = await self.client.ask(query, variables, host=f"{self.tenant}.localhost")
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    async def a_visitor_fills_in_the_form(self) -> None:
        """The lead and the contact are there once, though the browser sends twice."""
        form = (await self.visitor(FORM))["contentPage"]["form"]
        answers = {
            "name": f"Visitor {self.mark}",
            "email": self.email,
            "message": f"We would like an offer. {self.mark}",
        }
        answers |= {
            field["name"]: field["choices"][0] if field["choices"] else "1"
            for field in form["fields"]
            if field["required"] and field["name"] not in answers
        }
        given = {
            "formId": form["id"],
            "answers": [{"name": name, "value": value} for name, value in answers.items()],
            "idempotencyKey": self.mark,
            "consent": True,
            "path": "/contact",
        }
        for _ in range(2):
            payload = (await self.visitor(SUBMIT, input=given))["it"]
            assert payload == {"accepted": True, "errors": []}
        found: list[Any] = []

        async def is_lead() -> bool:
            found[:] = (await self.data(LEADS, "ada", email=self.email))["leads"]["edges"]
            return bool(found)

        await until(is_lead, "crm was not told of the form")
        ((lead),) = [edge["node"] for edge in found]
        assert (lead["source"], lead["email"], len(lead["formSubmissions"]["edges"])) == ("WEBSITE", self.email, 1)
        self.ids |= {"lead": lead["id"], "contact": lead["contact"]["id"]}

    async def the_lead_is_scored_and_assigned(self) -> None:
        payload = (await self.data(SCORE, "ada", id=self.ids["lead"]))["it"]
        assert payload["errors"] == []
        await self.approved(payload["run"]["id"])
        lead = (await self.data(LEAD, "ada", id=self.ids["lead"]))["lead"]
        assert lead["scoring"]["runId"] == payload["run"]["id"]
        self.ids["agentRun"] = payload["run"]["id"]
        cleo = str(demo_id(self.tenant, "user", "cleo"))
        assigned = await self.done(ASSIGN, "ben", id=self.ids["lead"], assigneeId=cleo)
        assert assigned["lead"]["assignee"]["id"] == cleo

    async def a_campaign_is_sent(self, mail: MailProvider) -> None:
        only = f'email = "{self.email}"'

        async def is_known() -> bool:
            return bool((await self.data(CHECK_FILTER, "ada", filter=only))["checkFilter"]["people"] == 1)

        await until(is_known, "campaigns was not told of the contact")
        segment = await self.done(CREATE_SEGMENT, "ada", name=self.mark, filter=only)
        campaign = await self.done(
            CREATE_CAMPAIGN,
            "ada",
            name=self.mark,
            segmentId=segment["segment"]["id"],
            sender=f"news@{self.tenant}.example",
            unsubscribeUrl=f"https://{self.tenant}.example/unsubscribe",
        )
        self.ids["campaign"] = campaign_id = campaign["campaign"]["id"]
        await self.done(
            ADD_VARIANT,
            "ada",
            campaignId=campaign_id,
            name="only",
            subject="Our offer",
            body=f"Dear {{{{ contact.firstName }}}}: {self.mark}. No more: {{{{ unsubscribeUrl }}}}",
        )
        await self.done(PLAN, "ada", id=campaign_id)
        launched = await self.done(LAUNCH, "ada", campaignId=campaign_id, sendAt=datetime.now(UTC).isoformat())
        await self.approved(launched["run"]["id"], last=("RUNNING", "EXECUTING"))

        async def is_finished() -> bool:
            found = (await self.data(CAMPAIGN, "ada", id=campaign_id))["campaign"]
            assert found["status"] in {"WAITING_FOR_APPROVAL", "SCHEDULED", "RUNNING", "FINISHED"}, found
            return bool(found["status"] == "FINISHED" and found["metrics"]["sent"] == 1)

        await until(is_finished, "the campaign was not sent")
        ((sender, message),) = mail.to(self.email)
        assert sender == self.tenant
        text = message["content"][0]["value"]
        assert self.mark in text
        assert f"https://{self.tenant}.example/unsubscribe?m=" in text

    async def a_product_is_sourced(self) -> None:
        """Found, reckoned, validated by agents, approved by a person, and put into the shop as one of its products."""
        product = {
            "asin": asin(self.mark),
            "title": f"Mug {self.mark}",
            "unitPrice": "4.00",
            "offerCount": 3,
            "salesRank": 900,
        }
        made = await self.done(FOUND, "ada", marketplaceId="ATVPDKIKX0DER", products=[product])
        self.ids["sourcingCandidate"] = candidate = made["candidates"][0]["id"]
        costs = {"currency": "USD", "sellingPrice": "19.00", "purchaseCurrency": "USD", "purchasePrice": "4.00"}
        evaluated = await self.done(EVALUATE, "ada", candidateId=candidate, costs=costs)
        assert float(evaluated["evaluation"]["profit"]) == 15
        validated = await self.done(VALIDATE, "ada", candidateId=candidate)
        await self.approved(validated["run"]["id"])
        assert (await self.data(CANDIDATE, "ada", id=candidate))["sourcingCandidate"]["status"] == "APPROVED"
        sold = (await self.visitor(MUG))["products"]["edges"][0]["node"]
        variant = sold["variants"][0]
        listed = await self.done(
            LIST, "ben", candidateId=candidate, productId=sold["id"], variantId=variant["id"], sku=variant["sku"]
        )
        assert listed["candidate"]["status"] == "LISTED"

    async def it_is_sold(self) -> None:
        bought = await asyncio.to_thread(buy, self.client.platform, self.tenant)
        self.ids["order"] = order = bought["order"]["id"]
        found: list[Any] = []

        async def is_to_be_sent() -> bool:
            found[:] = (await self.data(DROPSHIP, "ada", order=order))["dropshipOrders"]["edges"]
            return bool(found)

        await until(is_to_be_sent, "sourcing was not told of the order")
        ((sent),) = [edge["node"] for edge in found]
        assert (sent["status"], sent["quantity"]) == ("PENDING", 2)
        assert sent["candidate"]["id"] == self.ids["sourcingCandidate"]
        self.ids["dropshipOrder"] = sent["id"]

    async def a_review_is_answered(self) -> None:
        found = (await self.data(BUSINESSES, "ben"))["businesses"]["edges"]
        me = str(demo_id(self.tenant, "user", "ben"))
        business = next(
            edge["node"]["id"]
            for edge in found
            if me not in [(each["node"]["author"] or {}).get("id") for each in edge["node"]["reviews"]["edges"]]
        )
        posted = await self.done(
            ADD_REVIEW, "ben", businessId=business, rating=4, title="Kind", body=f"They were kind. {self.mark}"
        )
        self.ids["review"] = review = posted["review"]["id"]
        drafted = await self.done(DRAFT, "ada", reviewId=review)
        await self.approved(drafted["run"]["id"])
        response = (await self.data(REVIEW, "ada", id=review))["review"]["response"]
        assert response["runId"] == drafted["run"]["id"]
        assert response["text"]

    async def counted(self) -> dict[str, int]:
        """What analytics has counted so far this day."""
        now = datetime.now(UTC)
        period = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(days=1)).isoformat()}
        found = {}
        for metric in ("storefront.orders", "campaigns.started", "directory.reviews"):
            answer = await self.data(COUNTED, "ada", id=metric, period=period)
            found[metric] = int(float(answer["metric"]["total"]["value"] or 0))
        return found

    async def the_analyst_reports(self, before: dict[str, int]) -> None:
        async def are_counted() -> bool:
            return all(value > before[name] for name, value in (await self.counted()).items())

        await until(are_counted, "analytics was not told of the day")
        # Under a key of its own: without one, a report of the last minutes would be the answer.
        analyse = self.client.ask(ANALYSE, {}, f"ada@{self.tenant}", idempotency_key=self.mark, prefer="wait=30")
        payload = (await analyse).json()["data"]["it"]
        assert payload["errors"] == []
        run = await self.client.ended(payload["run"]["id"], f"ada@{self.tenant}")
        assert run["status"] == "SUCCEEDED"
        again = self.client.ask(ANALYSE, {}, f"ada@{self.tenant}", idempotency_key=self.mark)
        report = (await again).json()["data"]["it"]["report"]
        figures = {figure["name"]: figure["value"] for figure in report["figures"]}
        told = await self.data("{ leads(filter: {status: [OPEN]}) { totalCount } contacts { totalCount } }", "ada")
        assert figures["contacts"] == told["contacts"]["totalCount"]

    async def run(self, mail: MailProvider) -> None:
        before = await self.counted()
        await self.a_visitor_fills_in_the_form()
        await self.the_lead_is_scored_and_assigned()
        await self.a_campaign_is_sent(mail)
        await self.a_product_is_sourced()
        await self.it_is_sold()
        await self.a_review_is_answered()
        await self.the_analyst_reports(before)


READABLE = (
    *("lead", "contact", "campaign", "order", "review", "agentRun"),
    *("sourcingCandidate", "dropshipOrder"),
)
LISTED = """query ($mark: String!) {
  leads(first: 100, filter: {search: $mark}) { edges { node { id name email notes } } }
  contacts(first: 100, filter: {search: $mark}) { edges { node {
    id name email timeline { edges { node { summary } } } } } }
  campaigns(first: 100) { edges { node { id name } } }
  sourcingCandidates(first: 100) { edges { node { id title } } }
  dropshipOrders(first: 100) { edges { node { id orderId } } }
  agentRuns(first: 100) { edges { node { id result } } }
}"""


async def test_a_day_of_two_tenants(client: Client, mail: MailProvider) -> None:
    days = {tenant: Day(client, tenant) for tenant in TENANTS}
    await asyncio.gather(*(day.run(mail) for day in days.values()))

    for day, other in ((days["acme"], days["globex"]), (days["globex"], days["acme"])):
        assert len(mail.to(day.email)) == 1, "each message once"
        assert day.mark not in json.dumps([message for tenant, message in mail.taken if tenant != day.tenant])
        assert set(other.ids) == set(READABLE)
        for name, thing in other.ids.items():
            query = f"query ($id: ID!) {{ {name}(id: $id) {{ id }} }}"
            assert (await day.data(query, "ada", id=thing))[name] is None, (
                f"{day.tenant} reads {name} of {other.tenant}"
            )
            assert (await other.data(query, "ada", id=thing))[name] == {"id": thing}
        listed = json.dumps(await day.data(LISTED, "ada", mark=day.mark))
        assert day.mark in listed
        for secret in (other.mark, *other.ids.values()):
            assert secret not in listed
            assert secret not in json.dumps(await day.data(LISTED, "ada", mark=other.mark))
    logs = client.platform.logs()
    assert not any(day.email in logs for day in days.values()), "addresses of people are not logged"
