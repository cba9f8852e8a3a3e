"""Wagtail's admin: by the signed context alone, and each editor in their own tenant."""

import re
import secrets
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image

from resolvers.demo import demo_tenant_id

# Wagtail leaves temporary files of renditions to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

EDIT = ["content:read", "content:write"]
PUBLISH = [*EDIT, "content:publish"]


@pytest.fixture
def get(content: Any) -> Any:
    async def ask(path: str, **caller: Any) -> httpx.Response:
        header = content.sign("content", **{"scopes": PUBLISH, **caller})
        response: httpx.Response = await content.client.get(path, headers={"x-brain-context": header})
        return response

    return ask


@pytest.fixture
async def theirs(content: Any) -> dict[str, int]:
    """Numbers of globex's things."""
    connection = await asyncpg.connect(content.settings.database_url.get_secret_value())
    tenant = demo_tenant_id("globex")
    try:
        return {
            name: await connection.fetchval(f"select min(id) from content.{table} where tenant_id = $1 {more}", tenant)
            for name, table, more in (
                ("root", "wagtailcore_page", "and depth = 1"),
                ("page", "wagtailcore_page", "and slug = 'about'"),
                ("form", "wagtailcore_page", "and slug = 'contact'"),
                ("image", "wagtailimages_image", ""),
                ("menu", "cms_menu", ""),
                ("author", "cms_author", ""),
                ("redirect", "wagtailredirects_redirect", ""),
                ("revision", "wagtailcore_revision", "and object_str = 'About Globex'"),
            )
        }
    finally:
        await connection.close()


async def test_nobody_comes_in_without_the_header(content: Any) -> None:
    for path in ("/cms/", "/cms/pages/", "/cms/login/", "/cms/files/x.png", "/cms/images/"):
        assert (await content.client.get(path)).status_code == 403
        for token in ("x.y.z", content.sign("crm"), content.sign("content", key=secrets.token_bytes(32))):
            refused = await content.client.get(path, headers={"x-brain-context": token})
            assert refused.status_code == 403
    token = content.sign("content", scopes=PUBLISH)
    assert (await content.client.get("/cms/", headers={"x-brain-context": token})).status_code == 200
    assert (await content.client.get("/cms/", headers={"x-brain-context": token})).status_code == 403  # used before
    assert (await content.client.get("/cms/static/wagtailadmin/css/core.css")).status_code == 200


@pytest.mark.parametrize("caller", [{"scopes": ["content:read"]}, {"user": None}, {"tenant": None}, {"scopes": []}])
async def test_who_may_not_edit_is_refused(get: Any, caller: dict[str, Any]) -> None:
    assert (await get("/cms/", **caller)).status_code == 403


async def test_an_editor_sees_their_own_site(get: Any, content: Any) -> None:
    seen = ("/cms/", "/cms/images/", "/cms/reports/site-history/", "/cms/reports/aging-pages/")
    pages = {name: "".join([(await get(path, tenant=name)).text for path in seen]) for name in ("acme", "globex")}
    for tenant, other in (("acme", "Globex"), ("globex", "Acme")):
        assert f"{tenant.title()}" in pages[tenant]
        assert other not in pages[tenant]


async def test_pages_are_listed_found_and_edited(get: Any, content: Any) -> None:
    home = (await content.data('{ contentPage(path: "/") { id } }'))["contentPage"]["id"]
    listing = await get(f"/cms/pages/{home}/")
    assert listing.status_code == 200
    assert "About Acme" in listing.text
    editor = await get(f"/cms/pages/{home}/edit/")
    assert editor.status_code == 200
    assert "Welcome to Acme" in editor.text
    assert 'value="action-publish"' in editor.text
    assert 'value="action-publish"' not in (await get(f"/cms/pages/{home}/edit/", scopes=EDIT, user="cleo")).text
    found = (await get("/cms/pages/search/?q=returns")).text
    assert "Five questions about returns" in found


@pytest.mark.parametrize(
    "path",
    [
        "/cms/pages/{page}/", "/cms/pages/{page}/edit/", "/cms/pages/{root}/", "/cms/pages/{page}/history/",
        "/cms/pages/{page}/delete/", "/cms/pages/{page}/unpublish/", "/cms/pages/{page}/move/",
        "/cms/pages/{page}/copy/",
        "/cms/pages/{page}/revisions/{revision}/view/", "/cms/pages/{page}/usage/", "/cms/pages/{page}/view_draft/",
        "/cms/pages/add/cms/standardpage/{page}/", "/cms/images/{image}/", "/cms/images/{image}/delete/",
        "/cms/images/chooser/chosen/{image}/", "/cms/choose-page/{page}/",
        "/cms/snippets/cms/menu/edit/{menu}/", "/cms/snippets/cms/author/edit/{author}/",
        "/cms/redirects/{redirect}/", "/cms/forms/submissions/{form}/",
    ],
)  # fmt: skip
async def test_another_tenants_things_are_not_there(get: Any, theirs: dict[str, int], path: str) -> None:
    address = path.format(**theirs)
    refused = await get(address)
    assert refused.status_code in {302, 404}, refused.text[:500]
    if refused.status_code == 302:
        assert str(theirs["page"]) not in refused.headers["location"]
    assert "Globex" not in refused.text
    # The address is a real one: for its own tenant something is there.
    assert (await get(address, tenant="globex")).status_code in {200, 302, 405}


async def test_choosers_offer_ones_own(get: Any, theirs: dict[str, int]) -> None:
    for path in ("/cms/choose-page/", "/cms/images/chooser/", "/cms/choose-page/search/?q=globex"):
        response = await get(path)
        assert response.status_code == 200, path
        assert "Globex" not in response.text


async def test_what_is_written_stays_in_the_tenant(content: Any, get: Any, theirs: dict[str, int]) -> None:
    """A form of the admin that names another tenant's page or image is refused as if there were none."""
    client = content.client

    async def post(path: str, data: dict[str, Any], **files: Any) -> httpx.Response:
        page = await get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, page.text[:300]
        headers = {"x-brain-context": content.sign("content", scopes=PUBLISH), "referer": "http://subgraph.test/cms/"}
        cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
        client.cookies.clear()
        return await client.post(
            path, data={"csrfmiddlewaretoken": token.group(1), **data}, headers={**headers, "cookie": cookies}, **files
        )

    data = {"name": "Nobody", "slug": "nobody", "bio": "", "image": str(theirs["image"])}
    refused = await post("/cms/snippets/cms/author/add/", data)
    assert refused.status_code == 200
    assert "Select a valid choice" in refused.text
    link = {
        "old_path": "/steal", "site": "", "is_permanent": "on", "redirect_page": str(theirs["page"]),
        "redirect_link": "",
    }  # fmt: skip
    refused = await post("/cms/redirects/add/", link)
    assert refused.status_code == 200
    assert "Select a valid choice" in refused.text
    picture = BytesIO()
    Image.new("RGB", (300, 200), (1, 2, 3)).save(picture, "PNG")
    added = await post(
        "/cms/images/add/", {"title": "Fresh"}, files={"file": ("fresh.png", picture.getvalue(), "image/png")}
    )
    assert added.status_code == 302, added.text[:500]
    folder = Path(content.settings.media_folder)
    assert list((folder / str(demo_tenant_id("acme"))).glob("original_images/fresh*.png"))
    assert not list((folder / str(demo_tenant_id("globex"))).glob("**/fresh*"))
    without = await client.post(
        "/cms/images/add/", data={}, headers={"x-brain-context": content.sign("content", scopes=PUBLISH)}
    )
    assert without.status_code == 403  # no CSRF token


async def test_files_are_the_tenants(get: Any, content: Any) -> None:
    folder = Path(content.settings.media_folder) / str(demo_tenant_id("globex")) / "original_images"
    name, globex = next(folder.iterdir()).name, demo_tenant_id("globex")
    assert (await get(f"/cms/files/original_images/{name}", tenant="globex")).status_code == 200
    for way in ("", f"%2e%2e/{globex}/", f"..%2f{globex}/", f"/{folder.parent}/"):
        assert (await get(f"/cms/files/{way}original_images/{name}")).status_code in {301, 400, 404}


async def test_renditions_need_a_signed_address(content: Any) -> None:
    query = '{ contentPage(path: "/") { image { url(width: 160, format: JPEG) } } }'
    url = (await content.data(query, scopes=["content:read"]))["contentPage"]["image"]["url"]
    for _ in range(2):  # made, and there already
        response = await content.client.get(url)
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/jpeg"
        assert "immutable" in response.headers["cache-control"]
        assert Image.open(BytesIO(response.content)).size == (160, 90)
    other = (await content.data(query, scopes=["content:read"], tenant="globex"))["contentPage"]["image"]["url"]
    acme, globex = str(demo_tenant_id("acme")), str(demo_tenant_id("globex"))
    sign, number = url.split("/")[4:6]
    for forged in (
        url.replace("width-160", "width-2000"),
        url.replace(acme, globex),
        other.replace(globex, acme),
        url.replace(f"/{number}/", f"/{other.split('/')[5]}/"),
        url.replace(sign, "A" * 24),
        url.replace("width-160_format-jpeg", "original"),
    ):
        assert (await content.client.get(forged)).status_code == 404


async def test_what_wagtail_caches_is_one_tenants(content: Any) -> None:
    """The site's root paths are cached under one name for everybody: the keys here have the tenant in them."""
    from django.core.cache import cache

    from subgraphs.content.cms import acting

    seen = []
    for tenant in ("acme", "globex"):

        def look() -> Any:
            from wagtail.models import Site

            return [path.root_path for path in Site.get_site_root_paths()], Site.objects.get().root_page_id

        seen.append(await content.app.services.run(demo_tenant_id(tenant), look))
    assert seen[0][1] != seen[1][1]
    with pytest.raises(acting.NoTenant):
        cache.get("wagtail_site_root_paths")


async def test_a_connection_keeps_no_tenant(content: Any) -> None:
    """Neither after a commit nor after an error; and one tenant's transaction has no other's in it."""
    from subgraphs.content.cms import acting

    services, acme = content.app.services, demo_tenant_id("acme")

    def both() -> Any:
        from django.db import connection
        from wagtail.models import Page

        def outside() -> tuple[int, str | None]:
            with connection.cursor() as cursor:
                cursor.execute("select current_setting('app.tenant_id', true)")
                return Page.objects.count(), cursor.fetchone()[0]

        found = [outside()]
        with acting.for_tenant(acme):
            found.append((Page.objects.count() > 0, ""))
        found.append(outside())
        with pytest.raises(RuntimeError, match="inside"), acting.for_tenant(acme), acting.for_tenant(acme):
            pass
        found.append(outside())
        with pytest.raises(ZeroDivisionError), acting.for_tenant(acme):
            raise ZeroDivisionError
        found.append(outside())
        connection.close()
        return found

    found = await services.load(both)
    assert [number for number, _ in found] == [0, True, 0, 0, 0]
    assert not any(setting for _, setting in found)
