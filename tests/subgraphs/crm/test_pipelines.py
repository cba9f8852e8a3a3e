"""Mutations of pipelines and stages."""

import asyncio
from typing import Any
from uuid import uuid4

PIPELINE = "pipeline { id name isDefault version stages { id name status position probability } }"


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def drafts(*names: str) -> list[dict[str, Any]]:
    """Stages named after their status, such as `OPEN`, `OPEN b`, `WON`."""
    return [{"name": name, "status": name.split()[0]} for name in names]


def names(payload: dict[str, Any]) -> list[str]:
    return [stage["name"] for stage in payload["pipeline"]["stages"]]


async def test_the_first_pipeline_is_the_default_until_another_is(tenant):
    stages = drafts("OPEN", "WON", "LOST")
    second = await tenant.mutate("createPipeline", PIPELINE, name="Second", stages=stages)
    assert second["pipeline"]["isDefault"] is False
    assert [stage["probability"] for stage in second["pipeline"]["stages"]] == [0, 100, 0]
    third = await tenant.mutate("createPipeline", PIPELINE, name="Third", stages=stages, makeDefault=True)
    assert third["pipeline"]["isDefault"] is True
    data = await tenant.data("{ pipelines { name isDefault } }")
    assert data["pipelines"] == [
        {"name": "Third", "isDefault": True},
        {"name": "Sales", "isDefault": False},
        {"name": "Second", "isDefault": False},
    ]
    lead = await tenant.lead()
    data = await tenant.data("query ($id: ID!) { lead(id: $id) { pipeline { name } } }", {"id": lead["id"]})
    assert data["lead"]["pipeline"]["name"] == "Third"


async def test_what_makes_no_pipeline(tenant):
    async def create(name: str, *stages: str) -> list[str]:
        return codes(await tenant.mutate("createPipeline", PIPELINE, name=name, stages=drafts(*stages)))

    assert await create("sALES", "OPEN", "WON", "LOST") == ["DUPLICATE_NAME"]
    assert await create(" ", "OPEN", "WON", "LOST") == ["BAD_USER_INPUT"]
    assert await create("A") == ["INVALID_STAGE_ORDER"]
    assert await create("A", "OPEN", "WON") == ["INVALID_STAGE_ORDER"]
    assert await create("A", "WON", "LOST") == ["INVALID_STAGE_ORDER"]
    assert await create("A", "OPEN", "WON", "OPEN b", "LOST") == ["INVALID_STAGE_ORDER"]
    assert await create("A", "OPEN a", "OPEN A", "WON", "LOST") == ["DUPLICATE_NAME"]
    assert await create("A", "WON", "LOST", *(f"OPEN {number}" for number in range(39))) == ["BAD_USER_INPUT"]
    assert len((await tenant.data("{ pipelines { id } }"))["pipelines"]) == 1


async def test_stages_are_added_last_of_their_kind_or_where_told(tenant):
    async def add(name: str, **values: Any) -> dict[str, Any]:
        payload: dict[str, Any] = await tenant.mutate(
            "createStage", PIPELINE + "stage { name }", pipelineId=tenant.pipeline, **values, stage=drafts(name)[0]
        )
        return payload

    assert names(await add("OPEN last")) == ["Idea", "Talk", "OPEN last", "Won", "Lost"]
    assert names(await add("OPEN first", position=0)) == ["OPEN first", "Idea", "Talk", "OPEN last", "Won", "Lost"]
    added = await add("LOST too", expectedVersion=3)
    assert names(added)[-2:] == ["Lost", "LOST too"]
    assert [stage["position"] for stage in added["pipeline"]["stages"]] == list(range(7))
    assert added["pipeline"]["version"] == 4
    assert codes(await add("OPEN stale", expectedVersion=3)) == ["VERSION_CONFLICT"]
    assert codes(await add("LOST early", position=0)) == ["INVALID_STAGE_ORDER"]
    assert codes(await add("OPEN late", position=7)) == ["INVALID_STAGE_ORDER"]
    assert codes(await add("OPEN nowhere", position=9)) == ["BAD_USER_INPUT"]
    assert codes(await add("OPEN LAST")) == ["DUPLICATE_NAME"]


async def test_stages_are_renamed(tenant, new_tenant):
    async def rename(stage: str, name: str, **values: Any) -> dict[str, Any]:
        payload: dict[str, Any] = await tenant.mutate("renameStage", PIPELINE, id=stage, name=name, **values)
        return payload

    assert names(await rename(tenant.stages["Idea"], "Thought"))[0] == "Thought"
    assert names(await rename(tenant.stages["Idea"], "THOUGHT"))[0] == "THOUGHT"
    assert codes(await rename(tenant.stages["Idea"], "won")) == ["DUPLICATE_NAME"]
    assert codes(await rename(tenant.stages["Idea"], " ")) == ["BAD_USER_INPUT"]
    assert codes(await rename(tenant.stages["Idea"], "New", expectedVersion=1)) == ["VERSION_CONFLICT"]
    assert codes(await rename(str(uuid4()), "New")) == ["STAGE_NOT_FOUND"]
    assert codes(await rename((await new_tenant()).stages["Idea"], "New")) == ["STAGE_NOT_FOUND"]


async def test_stages_are_put_in_order(tenant, new_tenant):
    async def reorder(*order: str, **values: Any) -> dict[str, Any]:
        payload: dict[str, Any] = await tenant.mutate(
            "reorderStages",
            PIPELINE,
            pipelineId=tenant.pipeline,
            stageIds=[tenant.stages.get(name, name) for name in order],
            **values,
        )
        return payload

    assert names(await reorder("Talk", "Idea", "Lost", "Won")) == ["Talk", "Idea", "Lost", "Won"]
    assert codes(await reorder("Idea", "Lost", "Talk", "Won")) == ["INVALID_STAGE_ORDER"]
    assert codes(await reorder("Idea", "Talk", "Won")) == ["INVALID_STAGE_ORDER"]
    assert codes(await reorder("Idea", "Talk", "Won", "Lost", "Lost")) == ["INVALID_STAGE_ORDER"]
    foreign = (await new_tenant()).stages["Idea"]
    assert codes(await reorder("Idea", "Talk", "Won", foreign)) == ["INVALID_STAGE_ORDER"]
    assert codes(await reorder("Idea", "Talk", "Won", "Lost", expectedVersion=1)) == ["VERSION_CONFLICT"]
    lead = await tenant.lead()
    data = await tenant.data("query ($id: ID!) { lead(id: $id) { stage { name } } }", {"id": lead["id"]})
    assert data["lead"]["stage"]["name"] == "Talk"


async def test_of_two_who_reorder_at_once_one_is_told(tenant):
    orders = [["Talk", "Idea", "Won", "Lost"], ["Idea", "Talk", "Lost", "Won"]]
    payloads = await asyncio.gather(
        *(
            tenant.mutate(
                "reorderStages",
                PIPELINE,
                pipelineId=tenant.pipeline,
                stageIds=[tenant.stages[name] for name in order],
                expectedVersion=1,
            )
            for order in orders
        )
    )
    assert sorted(codes(payload) for payload in payloads) == [[], ["VERSION_CONFLICT"]]
    kept = next(order for order, payload in zip(orders, payloads, strict=True) if not payload["errors"])
    data = await tenant.data("{ pipelines { stages { name } } }")
    assert [stage["name"] for stage in data["pipelines"][0]["stages"]] == kept


async def test_of_two_who_create_the_same_one_is_told(tenant):
    payloads = await asyncio.gather(
        *(tenant.mutate("createContact", "contact { id }", name="Ada", email="ada@byron.example") for _ in range(4))
    )
    assert sorted(codes(payload) for payload in payloads) == [[], *[["DUPLICATE_EMAIL"]] * 3]
