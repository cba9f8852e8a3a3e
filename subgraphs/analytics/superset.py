"""A client of Superset's REST API: which dashboards there are, and tokens with which browsers show one of them.

What a guest sees of rows is fixed here: every token carries one rule, `tenant_id = '<the caller's tenant>'`, for all
datasets. Superset is asked as one account, whose access token is kept until it is refused.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp

from subgraphs.analytics.domain.dashboards import (
    Dashboard,
    DashboardNotEmbedded,
    DashboardNotFound,
    DashboardsUnavailable,
    GuestToken,
)

__all__ = ["MAX_DASHBOARDS", "Superset"]

_log = logging.getLogger("subgraphs.analytics.superset")

MAX_DASHBOARDS: Final = 100
"""As many as one page of the API has."""

_MAX_BYTES: Final = 1_000_000
_PUBLISHED: Final = (
    "(columns:!(id,dashboard_title,slug),filters:!((col:published,opr:eq,value:!t)),"
    f"order_column:dashboard_title,order_direction:asc,page:0,page_size:{MAX_DASHBOARDS})"
)


class _Refused(Exception):
    """The access token is not good any more."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any]
    cookies: Mapping[str, str]


class Superset:
    """A client of one Superset.

    Args:
        url: of its root.
        username: of the account that asks; it may read dashboards and grant guest tokens.
        password_file: with its password; read at each log-in, so that another one is noticed.
        timeout_s: for one request.
    """

    def __init__(self, url: str, username: str, password_file: Path, timeout_s: float = 8.0) -> None:
        self._url = url.rstrip("/")
        self._username = username
        self._password_file = password_file
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._http: aiohttp.ClientSession | None = None
        self._access: str | None = None
        self._log_in_lock = asyncio.Lock()

    async def dashboards(self) -> list[Dashboard]:
        """The published ones, by title; at most `MAX_DASHBOARDS`.

        Raises:
            DashboardsUnavailable: Superset does not answer, or not as it should.
        """
        answer = await self._asked("GET", "/api/v1/dashboard/", params={"q": _PUBLISHED})
        found = answer.body.get("result")
        if answer.status != 200 or not isinstance(found, list):
            raise self._nonsense("dashboards", answer)
        try:
            return [
                Dashboard(int(each["id"]), str(each["dashboard_title"]), each.get("slug") or None) for each in found
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._nonsense("dashboards", answer) from error

    async def guest_token(self, dashboard_id: int, tenant_id: UUID) -> GuestToken:
        """A token with which a browser shows a dashboard, with the rows of one tenant.

        Raises:
            DashboardNotFound, DashboardNotEmbedded: there is none such, or it is not for browsers.
            DashboardsUnavailable: Superset does not answer, or not as it should.
        """
        dashboard = await self._asked("GET", f"/api/v1/dashboard/{dashboard_id}")
        shown = dashboard.body.get("result")
        if dashboard.status == 404:
            raise DashboardNotFound
        if dashboard.status != 200 or not isinstance(shown, dict):
            raise self._nonsense("the dashboard", dashboard)
        if shown.get("published") is not True:
            raise DashboardNotFound
        embedded = await self._asked("GET", f"/api/v1/dashboard/{dashboard_id}/embedded")
        if embedded.status == 404:
            raise DashboardNotEmbedded
        try:
            embedded_id = str(UUID(embedded.body["result"]["uuid"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._nonsense("embedding", embedded) from error
        csrf = await self._asked("GET", "/api/v1/security/csrf_token/")
        if csrf.status != 200 or not isinstance(csrf.body.get("result"), str):
            raise self._nonsense("the CSRF token", csrf)
        granted = await self._asked(
            "POST",
            "/api/v1/security/guest_token/",
            json={
                "user": {"username": f"tenant-{tenant_id}", "first_name": "Tenant", "last_name": str(tenant_id)},
                "resources": [{"type": "dashboard", "id": embedded_id}],
                # A UUID's text has no quotes, and is never the caller's to choose.
                "rls": [{"clause": f"tenant_id = '{tenant_id}'"}],
            },
            # Superset holds the CSRF token against its session's cookie, and over TLS against the referrer.
            headers={"X-CSRFToken": csrf.body["result"], "Referer": f"{self._url}/"},
            cookies=csrf.cookies,
        )
        token = granted.body.get("token")
        if granted.status != 200 or not isinstance(token, str) or not token:
            raise self._nonsense("the guest token", granted)
        return GuestToken(token, embedded_id)

    async def close(self) -> None:
        """Gives connections back."""
        if self._http is not None:
            await self._http.close()

    async def _asked(self, method: str, path: str, **options: Any) -> _Answer:
        """An answer to the account; where its access token is refused, after one more log-in."""
        for attempt in (1, 2):
            access = self._access or await self._logged_in(None)
            headers = {**options.get("headers", {}), "Authorization": f"Bearer {access}"}
            try:
                return await self._sent(method, path, **{**options, "headers": headers})
            except _Refused as error:
                if attempt == 2:
                    _log.error("Superset refuses %s %s of its own account", method, path)
                    raise DashboardsUnavailable from error
                await self._logged_in(access)
        raise AssertionError

    async def _logged_in(self, refused: str | None) -> str:
        """An access token other than `refused`; one log-in for all who wait for it."""
        async with self._log_in_lock:
            if self._access is not None and self._access != refused:
                return self._access
            self._access = None
            try:
                password = (await asyncio.to_thread(self._password_file.read_text)).strip()
            except (OSError, UnicodeDecodeError) as error:
                _log.error("the password of Superset's account cannot be read: %s", error)
                raise DashboardsUnavailable from error
            account = {"username": self._username, "password": password, "provider": "db", "refresh": False}
            try:
                answer = await self._sent("POST", "/api/v1/security/login", json=account)
            except _Refused as error:
                _log.error("Superset does not know its account")
                raise DashboardsUnavailable from error
            access = answer.body.get("access_token")
            if answer.status != 200 or not isinstance(access, str) or not access:
                raise self._nonsense("the log-in", answer)
            self._access = access
            return access

    async def _sent(self, method: str, path: str, **options: Any) -> _Answer:
        if self._http is None:
            # Cookies are those of one call: others have other sessions.
            self._http = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._http.request(method, self._url + path, allow_redirects=False, **options) as response:
                if response.status == 401:
                    raise _Refused
                if response.status >= 500:
                    _log.warning("Superset answers %s %s with %d", method, path, response.status)
                    raise DashboardsUnavailable
                content = bytearray()
                async for chunk in response.content.iter_chunked(65_536):
                    content += chunk
                    if len(content) > _MAX_BYTES:
                        _log.warning("Superset answers %s %s with too much", method, path)
                        raise DashboardsUnavailable
                cookies = {name: morsel.value for name, morsel in response.cookies.items()}
                return _Answer(response.status, _object(content), cookies)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("Superset does not answer %s %s: %s", method, path, type(error).__name__)
            raise DashboardsUnavailable from error

    def _nonsense(self, what: str, answer: _Answer) -> DashboardsUnavailable:
        _log.warning("Superset does not answer as it should: %s, status %d", what, answer.status)
        return DashboardsUnavailable()


def _object(content: bytes | bytearray) -> Mapping[str, Any]:
    """The JSON object that an answer is; empty for anything else, which no caller takes for what it wants."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
