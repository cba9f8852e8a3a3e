"""Editors in the real CMS, through the Brain, signed in as who they are in identity."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from .conftest import Platform

pytestmark = pytest.mark.stack


@contextmanager
def signed_in(platform: Platform, user: str) -> Iterator[httpx.Client]:
    """A browser of a demo user, who has filled in the page to sign in."""
    key, tenant = user.split("@")
    headers = {"accept": "text/html", "origin": platform.url, "sec-fetch-site": "same-origin"}
    form = {"email": f"{key}@{tenant}.example", "password": f"demo-{tenant}-{key}", "next": "/cms/pages/"}
    with httpx.Client(base_url=platform.url, timeout=60, trust_env=False, headers=headers) as browser:
        answer = browser.post("/cms/-/log-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/cms/pages/")
        yield browser


def test_editors_work_in_their_own_tenants_cms(platform: Platform) -> None:
    asked = platform.client.get("/cms/", headers={"accept": "text/html"})
    assert asked.status_code == 401
    assert 'action="/cms/-/log-in"' in asked.text
    seen = {}
    for user in ("ben@acme", "ben@globex"):
        with signed_in(platform, user) as browser:
            home = browser.get("/cms/", follow_redirects=True)
            assert home.status_code == 200, home.text
            assert "wagtail" in home.text.lower()
            pages = browser.get("/cms/pages/", follow_redirects=True)
            assert pages.status_code == 200
            seen[user] = pages.text
            out = browser.post("/cms/logout/", data={"x": "y"})
            assert out.status_code == 303
            assert browser.get("/cms/").status_code == 401
    assert "globex" not in seen["ben@acme"].lower()
    assert "acme" not in seen["ben@globex"].lower()


def test_who_may_not_write_is_told(platform: Platform) -> None:
    with signed_in(platform, "dan@acme") as browser:
        refused = browser.get("/cms/")
    assert refused.status_code == 403
    assert "You may not edit content" in refused.text
