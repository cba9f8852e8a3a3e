"""Images by the API: sent, looked at, kept in the tenant's folder, shown as renditions."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from PIL import Image

from resolvers.demo import demo_tenant_id

from .conftest import READ, WRITE

# Wagtail leaves temporary files of renditions to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SEND = """mutation ($input: CreateContentImageInput!) { createContentImage(input: $input) {
    image { id title alt width height url(width: 80, format: PNG) } errors { code } } }"""
LIST = "query ($n: Int, $a: String) { contentImages(first: $n, after: $a) { totalCount edges { cursor node { id } } } }"


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200)) -> bytes:
    written = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", size, (10, 200, 30)).save(written, kind, exif=exif)
    return written.getvalue()


async def send(content: Any, file: bytes, values: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
    given = {"file": None, "title": "A field", "alt": "Green", **(values or {})}
    operations = json.dumps({"query": SEND, "variables": {"input": given}})
    response = await content.client.post(
        "/content/graphql",
        data={"operations": operations, "map": json.dumps({"0": ["variables.input.file"]})},
        files={"0": ("../../field.php", file, "text/html")},
        headers={"x-brain-context": content.sign("content", **{"scopes": WRITE, **caller})},
    )
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_an_image_is_written_anew_and_shown(content: Any) -> None:
    title = f"A field {uuid4().hex[:8]}"
    made = (await send(content, picture("JPEG"), {"title": title}))["data"]["createContentImage"]
    assert made["errors"] == []
    image = made["image"]
    assert (image["title"], image["alt"], image["width"], image["height"]) == (title, "Green", 300, 200)
    shown = await content.client.get(image["url"])
    assert shown.status_code == 200
    assert Image.open(BytesIO(shown.content)).size == (80, 53)
    folders = Path(content.settings.media_folder)
    (kept,) = (folders / str(demo_tenant_id("acme"))).glob(f"original_images/{title.lower().replace(' ', '-')}*")
    assert kept.suffix == ".webp"
    assert b"taken at home" not in kept.read_bytes()
    assert not list((folders / str(demo_tenant_id("globex"))).glob(f"**/{kept.name}"))
    change = """mutation ($input: UpdateContentImageInput!) { updateContentImage(input: $input) {
        image { title alt } errors { code } } }"""
    values = {"input": {"id": image["id"], "alt": "A green field"}}
    changed = (await content.data(change, values, scopes=WRITE))["updateContentImage"]
    assert changed == {"image": {"title": title, "alt": "A green field"}, "errors": []}
    theirs = (await content.data(change, values, scopes=WRITE, tenant="globex"))["updateContentImage"]
    assert theirs["errors"] == [{"code": "CONTENT_IMAGE_NOT_FOUND"}]


@pytest.mark.parametrize(
    ("file", "values", "code"),
    [
        (b"<?php echo 1;", {}, "UNUSABLE_IMAGE"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", {}, "UNUSABLE_IMAGE"),
        (picture()[:-400], {}, "UNUSABLE_IMAGE"),
        (picture(size=(300, 10)), {}, "UNUSABLE_IMAGE"),
        (picture(), {"title": " "}, "BAD_USER_INPUT"),
        (picture(), {"alt": "x" * 256}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_good_is_not_kept(content: Any, file: bytes, values: dict[str, Any], code: str) -> None:
    before = (await content.data(LIST))["contentImages"]["totalCount"]
    payload = (await send(content, file, values))["data"]["createContentImage"]
    assert ([error["code"] for error in payload["errors"]], payload["image"]) == ([code], None)
    assert (await content.data(LIST))["contentImages"]["totalCount"] == before


async def test_an_image_is_kept_once_under_a_key(content: Any) -> None:
    caller, file = {"claims": {"key": f"{uuid4()}:0"}}, picture()
    first = await send(content, file, **caller)
    assert await send(content, file, **caller) == first
    other = await send(content, picture("JPEG"), **caller)
    assert other["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_the_library_is_for_the_tenants_editors(content: Any, admin: asyncpg.Connection) -> None:
    await send(content, picture())
    refused = await send(content, picture(), scopes=READ)
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "content:write"}
    for query in (LIST, '{ contentImage(id: "1") { id } }'):
        body = await content.call(query, scopes=READ)
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "content:write"}
    seen: dict[str, list[str]] = {"acme": [], "globex": []}
    for tenant, ids in seen.items():
        after = None
        while edges := (await content.data(LIST, {"n": 1, "a": after}, tenant=tenant))["contentImages"]["edges"]:
            ids += [edge["node"]["id"] for edge in edges]
            after = edges[-1]["cursor"]
        known = await admin.fetch(
            "select id::text from content.wagtailimages_image where tenant_id = $1 order by created_at desc, id desc",
            demo_tenant_id(tenant),
        )
        assert ids == [row["id"] for row in known]
    one = "query ($id: ID!) { contentImage(id: $id) { id } }"
    assert (await content.data(one, {"id": seen["acme"][0]}, tenant="globex"))["contentImage"] is None


async def test_documents_need_a_signed_address(content: Any, admin: asyncpg.Connection) -> None:
    tenant = demo_tenant_id("acme")
    folder = Path(content.settings.media_folder) / str(tenant) / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.pdf").write_bytes(b"secret")
    number = await admin.fetchval(
        "insert into content.wagtaildocs_document (collection_id, title, file, created_at, file_hash, tenant_id)"
        " select id, 'Plan', 'documents/plan.pdf', now(), '', tenant_id from content.wagtailcore_collection"
        " where tenant_id = $1 and depth = 1 returning id",
        tenant,
    )
    sign = content.app.services.key
    from subgraphs.content.domain.images import signature

    good = signature(sign("files"), tenant, "document", number, "")
    found = await content.client.get(f"/cms/downloads/{tenant}/{good}/{number}/plan.pdf")
    assert (found.status_code, found.content) == (200, b"secret")
    assert found.headers["content-disposition"].startswith("attachment")
    for wrong in (
        f"{tenant}/{'A' * 24}/{number}",
        f"{demo_tenant_id('globex')}/{good}/{number}",
        f"{tenant}/{good}/{number + 1}",
        f"{tenant}/{signature(sign('files'), tenant, 'image', number, '')}/{number}",
    ):
        assert (await content.client.get(f"/cms/downloads/{wrong}/plan.pdf")).status_code == 404
