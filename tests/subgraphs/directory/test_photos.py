"""Photos of listings: who may add, see and delete them, how they are served, and that nothing of the file remains."""

import io
import json
import uuid
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from subgraphs.directory.domain.photos import MAX_PHOTOS

READER = ["directory:read"]
ADD = "mutation ($input: AddBusinessPhotoInput!) { addBusinessPhoto(input: $input) { photo { %s } errors { %s } } }"
ERRORS = "__typename code message ... on InvalidInputError { path }"
SHOWN = "id altText hiddenAt hiddenReason thumbnail { url width height bytes } large { url width height bytes }"
LIST = """query ($id: ID!, $first: Int, $after: String, $hidden: Boolean! = false) { business(id: $id) {
  photos(first: $first, after: $after, includeHidden: $hidden) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id altText hiddenAt large { url } } } } } }"""


def photo(width: int = 800, height: int = 600, color: str = "teal", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), color).save(content, "JPEG", **options)
    return content.getvalue()


async def upload(
    at: Any, business: Any, content: bytes, alt: str = "A shop", *, selection: str = SHOWN, **caller: Any
) -> Any:
    """The answer to `addBusinessPhoto`, by default of somebody who keeps the tenant's listings."""
    given = {"businessId": str(business), "altText": alt, "file": None}
    operations = {"query": ADD % (selection, ERRORS), "variables": {"input": given}}
    directory = at.directory
    sign = directory.sign("directory", **{"tenant": at.id, "user": uuid.uuid4(), **caller})
    answer = await directory.client.post(
        "/directory/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.input.file"]}'},
        files=[("0", ("x.jpg", content, "image/jpeg"))],
        headers={"x-brain-context": sign},
    )
    body = answer.json()
    return body if "errors" in body else body["data"]["addBusinessPhoto"]


async def added(tenant: Any, business: Any, alt: str = "A shop", **caller: Any) -> Any:
    payload = await upload(tenant, business, photo(), alt, **caller)
    assert payload["errors"] == []
    return payload["photo"]


async def mutate(tenant: Any, field: str, selection: str, **options: Any) -> Any:
    caller = {name: options.pop(name) for name in ("user", "scopes", "roles") if name in options}
    kind = f"{field[0].upper()}{field[1:]}Input"
    query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ code }} }} }}"
    return (await tenant.data(query, {"input": options}, **caller))[field]


async def delete(tenant: Any, photo_id: str, **caller: Any) -> Any:
    query = "mutation ($id: ID!) { deleteBusinessPhoto(id: $id) { deletedId errors { code } } }"
    return (await tenant.data(query, {"id": photo_id}, **caller))["deleteBusinessPhoto"]


async def names(tenant: Any, business: Any, *, hidden: bool = False, **caller: Any) -> list[str]:
    found = (await tenant.data(LIST, {"id": str(business), "hidden": hidden}, **caller))["business"]["photos"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["altText"] for edge in found["edges"]]


def client(tenant: Any) -> httpx.AsyncClient:
    found: httpx.AsyncClient = tenant.directory.client
    return found


async def stored(tenant: Any) -> tuple[int, int]:
    async with tenant.directory.database.session(tenant.context) as session:
        statement = "select (select count(*) from photos), (select count(*) from photo_files)"
        row = await session.row(text(statement))
    return row[0], row[1]


async def test_a_photo_is_shown_in_two_sizes_and_nothing_else_of_it_remains(new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    exif = Image.Exif()
    exif[0x010E] = "TAKEN-AT-HOME"
    content = photo(2400, 1200, exif=exif)
    payload = await upload(new_tenant, business, content, "  The terrace ")
    made = payload["photo"]
    assert (made["altText"], made["hiddenAt"], payload["errors"]) == ("The terrace", None, [])
    for size, sides in (("thumbnail", (400, 200)), ("large", (1600, 800))):
        assert (made[size]["width"], made[size]["height"]) == sides
        answer = await client(new_tenant).get(made[size]["url"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.content) == made[size]["bytes"]
        assert b"TAKEN" not in answer.content
        assert Image.open(io.BytesIO(answer.content)).size == sides
        known = {"if-none-match": f'"x", W/{answer.headers["etag"]}'}
        again = await client(new_tenant).get(made[size]["url"], headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        assert (await client(new_tenant).head(made[size]["url"])).status_code == 200


@pytest.mark.parametrize(
    ("content", "alt", "path", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x", ["input", "file"], "UNUSABLE_IMAGE"),
        (photo()[:-100], "x", ["input", "file"], "UNUSABLE_IMAGE"),
        (photo(30, 30), "x", ["input", "file"], "UNUSABLE_IMAGE"),
        (photo(), "   ", ["input", "altText"], "BAD_USER_INPUT"),
        (photo(), "x" * 301, ["input", "altText"], "BAD_USER_INPUT"),
    ],
)
async def test_what_is_no_photo_is_refused(new_tenant: Any, content: bytes, alt: str, path: Any, code: str) -> None:
    business = await new_tenant.add_one()
    payload = await upload(new_tenant, business, content, alt)
    (error,) = payload["errors"]
    assert (error["code"], error["path"], payload["photo"]) == (code, path, None)
    assert await stored(new_tenant) == (0, 0)


async def test_files_have_bounds(new_tenant: Any) -> None:
    body = await upload(new_tenant, await new_tenant.add_one(), b"x" * 8_000_001)
    assert body["errors"][0]["extensions"]["code"] == "UPLOAD_TOO_LARGE"


async def test_who_acts_for_the_listing_keeps_its_photos(new_tenant: Any) -> None:
    """Its owner, who needs no more than to read, and who keeps the tenant's listings; nobody else."""
    owner = uuid.uuid4()
    business, other = await new_tenant.add_one(owner_id=owner), await new_tenant.add_one()
    first = await added(new_tenant, business, "first", user=owner, scopes=READER)
    second = await added(new_tenant, business, "second")
    for caller in ({"user": uuid.uuid4(), "scopes": READER}, {"user": None, "scopes": READER}):
        (error,) = (await upload(new_tenant, business, photo(), **caller))["errors"]
        assert error["code"] == "NOT_YOUR_LISTING"
        for refused in (
            await mutate(new_tenant, "describeBusinessPhoto", "", photoId=first["id"], altText="x", **caller),
            await mutate(new_tenant, "orderBusinessPhotos", "", businessId=str(business), photoIds=[], **caller),
            await delete(new_tenant, first["id"], **caller),
        ):
            assert [each["code"] for each in refused["errors"]] == ["NOT_YOUR_LISTING"]
    (error,) = (await upload(new_tenant, other, photo(), user=owner, scopes=READER))["errors"]
    assert error["code"] == "NOT_YOUR_LISTING"
    body = await upload(new_tenant, business, photo(), scopes=[])
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    described = {"photoId": first["id"], "altText": "The first", "user": owner, "scopes": READER}
    assert (await mutate(new_tenant, "describeBusinessPhoto", "photo { altText }", **described))["photo"] == {
        "altText": "The first"
    }
    order = {"businessId": str(business), "photoIds": [second["id"], first["id"]], "user": owner, "scopes": READER}
    ordered = await mutate(new_tenant, "orderBusinessPhotos", "photos { id }", **order)
    assert [each["id"] for each in ordered["photos"]] == [second["id"], first["id"]]
    assert await names(new_tenant, business, scopes=READER) == ["second", "The first"]
    gone = await delete(new_tenant, second["id"], user=owner, scopes=READER)
    assert gone == {"deletedId": second["id"], "errors": []}
    assert await names(new_tenant, business, scopes=READER) == ["The first"]


async def test_an_order_names_each_photo_once(new_tenant: Any) -> None:
    business, other = await new_tenant.add_one(), await new_tenant.add_one()
    one, two = [(await added(new_tenant, business))["id"] for _ in range(2)]
    strange = (await added(new_tenant, other))["id"]
    for wanted in ([], [one], [one, one], [one, two, two], [one, strange], [one, two, strange], [one] * 21):
        refused = await mutate(new_tenant, "orderBusinessPhotos", "", businessId=str(business), photoIds=wanted)
        assert [error["code"] for error in refused["errors"]] == ["BAD_USER_INPUT"]


async def test_a_listing_has_so_many_photos(new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        await session.execute(
            text(
                "insert into photos (tenant_id, business_id, position, key, alt_text) "
                "select :t, :b, n, 'k' || n, 'a photo' from generate_series(1, :n) n"
            ),
            {"t": new_tenant.id, "b": business, "n": MAX_PHOTOS - 1},
        )
    await added(new_tenant, business)
    (error,) = (await upload(new_tenant, business, photo()))["errors"]
    assert error["code"] == "TOO_MANY_PHOTOS"


async def test_deleting_deletes_the_files(new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    one, two = [await added(new_tenant, business) for _ in range(2)]
    assert await stored(new_tenant) == (2, 4)
    await delete(new_tenant, one["id"])
    assert await stored(new_tenant) == (1, 2)
    assert (await client(new_tenant).get(one["large"]["url"])).status_code == 404
    assert [error["code"] for error in (await delete(new_tenant, one["id"]))["errors"]] == ["NOT_FOUND"]
    await new_tenant.data("mutation ($id: ID!) { deleteBusiness(id: $id) { deletedId } }", {"id": str(business)})
    assert await stored(new_tenant) == (0, 0)
    assert (await client(new_tenant).get(two["large"]["url"])).status_code == 404


async def test_a_hidden_photo_is_for_who_acts_for_the_listing(new_tenant: Any) -> None:
    owner, moderator = uuid.uuid4(), {"user": uuid.uuid4(), "roles": ["manager"]}
    business = await new_tenant.add_one(owner_id=owner)
    bad = await added(new_tenant, business, "bad")
    await added(new_tenant, business, "good")
    ruling = {"photoId": bad["id"], "decision": "HIDE"}
    refused = await mutate(new_tenant, "moderateBusinessPhoto", "", **ruling, **moderator)
    assert [error["code"] for error in refused["errors"]] == ["BAD_USER_INPUT"]  # no reason
    refused = await mutate(new_tenant, "moderateBusinessPhoto", "", **ruling, reason="No.")
    assert [error["code"] for error in refused["errors"]] == ["NOT_A_MODERATOR"]
    for reason in ("Not the shop.", "Another shop."):
        hidden = await mutate(
            new_tenant, "moderateBusinessPhoto", f"photo {{ {SHOWN} }}", **ruling, reason=reason, **moderator
        )
        assert hidden["photo"]["hiddenReason"] == reason
    for asked in (True, False):
        assert await names(new_tenant, business, hidden=asked, scopes=READER) == ["good"]
    assert await names(new_tenant, business, hidden=True, user=owner, scopes=READER) == ["bad", "good"]
    assert await names(new_tenant, business, hidden=True) == ["bad", "good"]
    assert await names(new_tenant, business) == ["good"]
    # Who had its address before has one that leads nowhere; the new one is not for caches.
    assert (await client(new_tenant).get(bad["large"]["url"])).status_code == 404
    answer = await client(new_tenant).get(hidden["photo"]["large"]["url"])
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    ruling["decision"] = "SHOW"
    shown = await mutate(new_tenant, "moderateBusinessPhoto", f"photo {{ {SHOWN} }}", **ruling, **moderator)
    assert (shown["photo"]["hiddenAt"], shown["photo"]["hiddenReason"]) == (None, None)
    assert await names(new_tenant, business, scopes=READER) == ["bad", "good"]
    answer = await client(new_tenant).get(shown["photo"]["large"]["url"])
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_no_tenant_reaches_anothers_photos(directory: Any, new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    made = await added(new_tenant, business)
    url = made["large"]["url"]
    acme = RequestContext.system(demo_id("acme", "x", "x")).tenant_id
    _, _, _, tenant, photo_id, key, name = url.split("/")
    assert tenant == str(new_tenant.id)
    for wrong in (
        url.replace(tenant, str(acme)),
        url.replace(photo_id, str(uuid.uuid4())),
        url.replace(key, "A" * 22),
        url.replace(key, key[:-1]),
        url.replace(key, "%27%20or%20true--"),
        url.replace(name, "original.webp"),
        url.replace(name, "large.jpg"),
        url.replace(name, "..%2flarge.webp"),
    ):
        assert (await client(new_tenant).get(wrong)).status_code == 404, wrong
    assert (await client(new_tenant).post(url)).status_code == 405
    # By GraphQL, too: another tenant's keeper of listings finds neither the photo nor the listing.
    other = {"tenant": "acme", "roles": ["owner"]}
    gone = "mutation ($id: ID!) { deleteBusinessPhoto(id: $id) { errors { code } } }"
    data = await directory.data(gone, {"id": made["id"]}, **other)
    assert data["deleteBusinessPhoto"]["errors"] == [{"code": "NOT_FOUND"}]
    hide = """mutation ($id: ID!) { moderateBusinessPhoto(input: {photoId: $id, decision: HIDE, reason: "x"})
      { errors { code } } }"""
    data = await directory.data(hide, {"id": made["id"]}, **other)
    assert data["moderateBusinessPhoto"]["errors"] == [{"code": "NOT_FOUND"}]
    payload = await upload(new_tenant, business, photo(), tenant="acme")
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    assert (await client(new_tenant).get(url)).status_code == 200


async def test_pages_of_many_listings_take_the_same_statements(directory: Any) -> None:
    query = """query ($n: Int!) { businesses(first: $n, orderBy: NEWEST) { edges { node {
      photos(first: 1) { totalCount pageInfo { hasNextPage } edges { node {
        altText thumbnail { url bytes } large { url bytes } } } } } } } }"""
    counted = []
    for number in (2, 20):
        with directory.count_statements() as statements:
            await directory.data(query, {"n": number}, scopes=READER)
        counted.append(len(statements))
    assert counted[0] == counted[1] <= 5
    demo = str(demo_id("acme", "business", "b001"))
    page = (await directory.data(LIST, {"id": demo, "first": 1}))["business"]["photos"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, True)
    rest = (await directory.data(LIST, {"id": demo, "first": 1, "after": page["pageInfo"]["endCursor"]}))["business"]
    (edge,) = rest["photos"]["edges"]
    assert edge["node"]["altText"].endswith("the door at night")
    assert (await directory.client.get(edge["node"]["large"]["url"])).status_code == 200
