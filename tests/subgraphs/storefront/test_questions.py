"""Questions and answers: seen by all once somebody of the shop has looked at them."""

import uuid
from typing import Any

import pytest

from subgraphs.storefront.seed import demo_product
from subgraphs.storefront.usecases import questions
from tests.subgraphs.storefront.conftest import Tenant

SHOPPER: list[str] = []
SEEN = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product {
  questionCount questions { edges { node {
    id text status author { id } product { id channel }
    answers { edges { node { text status isOfficial author { id } } } } } } } } } }"""


async def ask(tenant: Tenant, text: str = "Does it float?", **caller: Any) -> Any:
    return await tenant.mutate(
        "askProductQuestion",
        "AskProductQuestionInput",
        "question { id status }",
        {"scopes": SHOPPER, **caller},
        productId=demo_product(126),
        text=text,
        channel="c",
    )


async def answer(tenant: Tenant, question_id: str, **caller: Any) -> Any:
    return await tenant.mutate(
        "answerProductQuestion",
        "AnswerProductQuestionInput",
        "answer { id status isOfficial }",
        {"scopes": SHOPPER, **caller},
        questionId=question_id,
        text="It does.",
    )


async def seen(tenant: Tenant, **caller: Any) -> Any:
    asked = [{"__typename": "Product", "id": demo_product(126), "channel": "c"}]
    (found,) = (await tenant.data(SEEN, {"r": asked}, **{"scopes": SHOPPER, **caller}))["_entities"]
    nodes = [edge["node"] for edge in found["questions"]["edges"]]
    assert found["questionCount"] == len(nodes)
    return nodes


async def moderate(tenant: Tenant, field: str, key: str, status: str, **caller: Any) -> Any:
    name = "question" if field.endswith("Question") else "answer"
    return await tenant.mutate(field, "ModerateInput", f"{name} {{ status }}", caller, id=key, status=status)


async def test_from_the_question_to_the_answer(tenant: Tenant) -> None:
    other = uuid.uuid4()
    question = (await ask(tenant))["question"]
    assert question["status"] == "PENDING"
    assert [node["id"] for node in await seen(tenant)] == [question["id"]]  # its author sees it
    assert await seen(tenant, user=other) == []
    assert await seen(tenant, user=None) == []
    assert len(await seen(tenant, user=other, scopes=["storefront:write"])) == 1

    assert (await answer(tenant, question["id"]))["errors"][0]["code"] == "NOT_PUBLISHED"
    assert (await answer(tenant, question["id"], user=other))["errors"][0]["code"] == "NOT_FOUND"
    waiting = "{ productQuestions(status: PENDING) { edges { node { id } } } }"
    assert len((await tenant.data(waiting))["productQuestions"]["edges"]) == 1
    verdict = await moderate(tenant, "moderateProductQuestion", question["id"], "PUBLISHED")
    assert verdict == {"question": {"status": "PUBLISHED"}, "errors": []}
    assert (await tenant.data(waiting))["productQuestions"]["edges"] == []

    from_shopper = (await answer(tenant, question["id"], user=other))["answer"]
    assert (from_shopper["status"], from_shopper["isOfficial"]) == ("PENDING", False)
    official = (await answer(tenant, question["id"], scopes=["storefront:write"]))["answer"]
    assert (official["status"], official["isOfficial"]) == ("PUBLISHED", True)
    (node,) = await seen(tenant, user=None)
    assert node["author"] == {"id": str(tenant.user)}
    assert node["product"] == {"id": demo_product(126), "channel": "c"}
    assert [each["node"]["isOfficial"] for each in node["answers"]["edges"]] == [True]
    await moderate(tenant, "moderateProductAnswer", from_shopper["id"], "PUBLISHED")
    (node,) = await seen(tenant, user=None)
    assert [each["node"]["isOfficial"] for each in node["answers"]["edges"]] == [True, False]

    await moderate(tenant, "moderateProductQuestion", question["id"], "REJECTED")
    assert await seen(tenant, user=None) == []
    assert [node["status"] for node in await seen(tenant)] == ["REJECTED"]


async def test_who_moderates(tenant: Tenant) -> None:
    question = (await ask(tenant))["question"]
    for field in ("moderateProductQuestion", "moderateProductAnswer"):
        query = f"mutation ($id: ID!) {{ {field}(input: {{id: $id, status: PUBLISHED}}) {{ errors {{ code }} }} }}"
        body = await tenant.call(query, {"id": question["id"]}, scopes=["storefront:read"])
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        payload = (await tenant.data(query, {"id": str(uuid.uuid4())}))[field]
        assert payload["errors"] == [{"code": "NOT_FOUND"}]


async def test_questions_that_wait_are_few(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MAX_PENDING", 1)
    assert (await ask(tenant))["errors"] == []
    assert (await ask(tenant))["errors"][0]["code"] == "TOO_MANY"
    assert (await ask(tenant, user=uuid.uuid4()))["errors"] == []
    own = "{ myProductQuestions { edges { node { text status } } } }"
    assert len((await tenant.data(own))["myProductQuestions"]["edges"]) == 1


@pytest.mark.parametrize("text", ["", " \n", "x" * 1001, "a\0b"])
async def test_what_is_no_question(tenant: Tenant, text: str) -> None:
    payload = await ask(tenant, text)
    assert payload["errors"][0]["path"] == ["input", "text"]
