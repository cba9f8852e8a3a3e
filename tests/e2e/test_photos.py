"""A photo on its whole way: from a client through the Brain to the directory's database, and back to any browser."""

import io
import json
from typing import Any

import httpx
from PIL import Image

from .conftest import Platform

ADD = """mutation ($input: AddBusinessPhotoInput!) { addBusinessPhoto(input: $input) {
  photo { id large { url width } thumbnail { url } } errors { code } } }"""
FIND = """{ businesses(first: 1) { edges { node { id photos(first: 20) { totalCount edges { node { id } } } } } } }"""


def photo() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "TAKEN-AT-HOME"
    content = io.BytesIO()
    Image.effect_noise((2200, 1650), 60).convert("RGB").save(content, "JPEG", quality=92, exif=exif)
    return content.getvalue()


def send(platform: Platform, business: str, content: bytes, **headers: str) -> Any:
    given = {"businessId": business, "altText": "The terrace", "file": None}
    sent = {"graphql-require-preflight": "1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return platform.client.post(
        "/graphql",
        data={
            "operations": json.dumps({"query": ADD, "variables": {"input": given}}),
            "map": '{"0": ["variables.input.file"]}',
        },
        files=[("0", ("terrace.jpg", content, "image/jpeg"))],
        headers=sent,
    ).json()


def get(platform: Platform, path: str, **headers: str) -> httpx.Response:
    """As a browser gets an image: without any credential."""
    return platform.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_photo_goes_in_and_comes_out_until_it_is_deleted(platform: Platform) -> None:
    keeper = {"authorization": f"Bearer {platform.token('ada@acme')}"}
    (edge,) = platform.data(FIND, user="ada@acme")["businesses"]["edges"]
    business, before = edge["node"]["id"], edge["node"]["photos"]["totalCount"]
    content = photo()
    assert len(content) > 1_000_000
    payload = send(platform, business, content, **keeper)["data"]["addBusinessPhoto"]
    assert payload["errors"] == []
    made = payload["photo"]
    url = made["large"]["url"]
    served = get(platform, url)
    assert (served.status_code, served.headers["content-type"]) == (200, "image/webp")
    assert b"TAKEN" in content
    assert b"TAKEN" not in served.content
    assert Image.open(io.BytesIO(served.content)).size == (1600, 1200)
    again = get(platform, url, if_none_match=served.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    # At a tenant's own host there are its own photos alone.
    assert get(platform, url, host="acme.localhost").status_code == 200
    assert get(platform, url, host="globex.localhost").status_code == 404
    assert get(platform, url.replace("large", "original")).status_code == 404
    assert get(platform, url.replace("/large", "/x/large")).status_code == 404
    # Nobody else's listing, and nobody unknown.
    stranger = {"authorization": f"Bearer {platform.token('ada@globex')}"}
    assert send(platform, business, content, **stranger)["data"]["addBusinessPhoto"]["errors"] == [
        {"code": "NOT_FOUND"}
    ]
    assert send(platform, business, content, x_tenant="acme")["errors"]
    (edge,) = platform.data(FIND, user="ada@acme")["businesses"]["edges"]
    assert edge["node"]["photos"]["totalCount"] == before + 1
    assert edge["node"]["photos"]["edges"][-1]["node"]["id"] == made["id"]
    gone = "mutation ($id: ID!) { deleteBusinessPhoto(id: $id) { deletedId errors { code } } }"
    deleted = platform.data(gone, {"id": made["id"]}, user="ada@acme")["deleteBusinessPhoto"]
    assert deleted == {"deletedId": made["id"], "errors": []}
    for rendition in ("large", "thumbnail"):
        assert get(platform, made[rendition]["url"]).status_code == 404


def test_a_form_that_says_it_is_a_photo_is_refused(platform: Platform) -> None:
    keeper = {"authorization": f"Bearer {platform.token('ada@acme')}"}
    (edge,) = platform.data(FIND, user="ada@acme")["businesses"]["edges"]
    payload = send(platform, edge["node"]["id"], b"<script>alert(1)</script>", **keeper)["data"]["addBusinessPhoto"]
    assert payload == {"photo": None, "errors": [{"code": "UNUSABLE_IMAGE"}]}


def test_visitors_of_a_tenants_host_see_its_directory_and_nobodys_name(platform: Platform) -> None:
    shown = """{ businesses(first: 1) { edges { node { name photos(first: 1) { edges { node { thumbnail { url } } } }
      reviews(first: 1) { edges { node { rating } } } } } } }"""
    seen = [platform.data(shown, host=f"{tenant}.localhost")["businesses"]["edges"] for tenant in ("acme", "globex")]
    assert seen[0] != seen[1]
    named = platform.ask("{ businesses(first: 1) { edges { node { name owner { id } } } } }", host="acme.localhost")
    (error,) = named.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert named.json()["data"]["businesses"]["edges"][0]["node"]["owner"] is None
    nowhere = platform.ask(shown).json()
    assert nowhere["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not nowhere.get("data")
