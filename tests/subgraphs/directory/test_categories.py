"""The tree of categories: moves, circles, levels, names, what is deleted."""

import asyncio
import uuid
from typing import Any

PATH = "category { id name ancestors { name } } errors { code }"


async def mutate(tenant: Any, field: str, selection: str, **values: Any) -> Any:
    kind = field[0].upper() + field[1:]
    query = f"mutation ($input: {kind}Input!) {{ {field}(input: $input) {{ {selection} }} }}"
    return (await tenant.data(query, {"input": values}))[field]


async def create(tenant: Any, name: str, parent: str | None = None) -> str:
    payload = await mutate(tenant, "createCategory", PATH, name=name, parentId=parent)
    assert payload["errors"] == []
    created: str = payload["category"]["id"]
    return created


async def codes(tenant: Any, field: str, **values: Any) -> list[str]:
    return [error["code"] for error in (await mutate(tenant, field, "errors { code }", **values))["errors"]]


async def delete(tenant: Any, category: str) -> list[str]:
    query = "mutation ($id: ID!) { deleteCategory(id: $id) { deletedId errors { code } } }"
    return [error["code"] for error in (await tenant.data(query, {"id": category}))["deleteCategory"]["errors"]]


async def test_a_category_moves_with_all_below_it(new_tenant: Any) -> None:
    food, cafes, roasters = await create(new_tenant, "Food"), None, None
    cafes = await create(new_tenant, "Cafés", food)
    roasters = await create(new_tenant, "Roasters", cafes)
    business = str(await new_tenant.add_one(category_id=uuid.UUID(roasters)))
    shops = await create(new_tenant, "Shops")
    for below in (food, cafes, roasters):
        assert await codes(new_tenant, "moveCategory", id=food, parentId=below) == ["CATEGORY_CYCLE"]
    moved = await mutate(new_tenant, "moveCategory", PATH, id=cafes, parentId=shops)
    assert [each["name"] for each in moved["category"]["ancestors"]] == ["Shops"]
    query = "query ($id: ID!) { businesses(filter: {categoryId: $id}) { edges { node { id } } } }"
    for category, found in ((shops, [business]), (food, [])):
        edges = (await new_tenant.data(query, {"id": category}))["businesses"]["edges"]
        assert [edge["node"]["id"] for edge in edges] == found
    top = await mutate(new_tenant, "moveCategory", PATH, id=cafes, sort=-1)
    assert top["category"]["ancestors"] == []
    roots = (await new_tenant.data("{ businessCategories { name } }"))["businessCategories"]
    assert roots[0]["name"] == "Cafés"
    assert await delete(new_tenant, roasters) == ["CATEGORY_IN_USE"]
    assert await delete(new_tenant, cafes) == ["CATEGORY_IN_USE"]
    assert await delete(new_tenant, food) == []
    assert await delete(new_tenant, food) == ["NOT_FOUND"]
    assert await codes(new_tenant, "moveCategory", id=cafes, parentId=food) == ["NOT_FOUND"]


async def test_a_tree_has_six_levels(new_tenant: Any) -> None:
    path: list[str] = []
    for level in range(6):
        path.append(await create(new_tenant, f"Level {level}", path[-1] if path else None))
    assert await codes(new_tenant, "createCategory", name="Seventh", parentId=path[-1]) == ["CATEGORY_TOO_DEEP"]
    pair = await create(new_tenant, "Upper")
    await create(new_tenant, "Lower", pair)
    assert await codes(new_tenant, "moveCategory", id=pair, parentId=path[4]) == ["CATEGORY_TOO_DEEP"]
    assert await codes(new_tenant, "moveCategory", id=pair, parentId=path[3]) == []


async def test_two_moves_at_once_make_no_circle(new_tenant: Any) -> None:
    one, other = await create(new_tenant, "One"), await create(new_tenant, "Other")
    async with asyncio.timeout(20):
        answers = await asyncio.gather(
            codes(new_tenant, "moveCategory", id=one, parentId=other),
            codes(new_tenant, "moveCategory", id=other, parentId=one),
        )
    assert sorted(answers) == [[], ["CATEGORY_CYCLE"]]


async def test_names_in_several_languages(new_tenant: Any) -> None:
    category = await create(new_tenant, "Bakery")
    names = [{"language": "DE", "name": " Bäckerei "}, {"language": "pt", "name": "Padaria"}]
    selection = """category { name german: name(language: "de-AT") french: name(language: "fr")
      description translations { language name } } errors { code }"""
    payload = await mutate(
        new_tenant, "updateCategory", selection, id=category, description="Bread", translations=names
    )
    assert payload == {
        "category": {
            "name": "Bakery",
            "german": "Bäckerei",
            "french": "Bakery",
            "description": "Bread",
            "translations": [{"language": "de", "name": "Bäckerei"}, {"language": "pt", "name": "Padaria"}],
        },
        "errors": [],
    }
    for wrong in ([{"language": "german", "name": "x"}], [{"language": "de", "name": " "}], [names[0], names[0]]):
        assert await codes(new_tenant, "updateCategory", id=category, translations=wrong) == ["BAD_USER_INPUT"]
    assert await codes(new_tenant, "updateCategory", id=str(uuid.uuid4()), description="") == ["NOT_FOUND"]
