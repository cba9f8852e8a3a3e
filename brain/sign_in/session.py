"""Who has signed in to a place: identity's tokens, in cookies that no script reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from brain.sign_in.place import Place

__all__ = ["Session", "comes_from_here"]

_REFRESH_LIFETIME_S = 30 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")


@dataclass(slots=True)
class Session:
    """The tokens of a browser.

    Attributes:
        place: where they are good.
        is_changed: whether the browser must be told.
    """

    place: Place
    access: str | None = None
    refresh: str | None = None
    expires_in_s: int = 0
    is_changed: bool = False

    @classmethod
    def of(cls, request: Request, place: Place) -> "Session":
        """The tokens that the browser sent."""
        access, refresh = (_token(request.cookies.get(name)) for name in _names(place))
        return cls(place, access, refresh)

    def take(self, tokens: Mapping[str, Any]) -> None:
        """Use new tokens, as `logIn` and `refreshTokens` answer them."""
        self.access, self.refresh = str(tokens["accessToken"]), str(tokens["refreshToken"])
        self.expires_in_s, self.is_changed = int(tokens["expiresIn"]), True

    def forget(self) -> None:
        """Log out."""
        self.access = self.refresh = None
        self.is_changed = True

    def write(self, request: Request, response: Response) -> Response:
        """Let the browser know what has changed."""
        if self.is_changed:
            tokens = ((self.access, self.expires_in_s), (self.refresh, _REFRESH_LIFETIME_S))
            for name, (token, lifetime_s) in zip(_names(self.place), tokens, strict=True):
                response.set_cookie(
                    name,
                    token or "",
                    max_age=0 if token is None else lifetime_s,
                    path=self.place.path,
                    secure=request.url.scheme == "https",
                    httponly=True,
                    samesite=self.place.same_site,
                )
        return response


def _names(place: Place) -> tuple[str, str]:
    return f"{place.cookies}_access", f"{place.cookies}_refresh"


def _token(text: str | None) -> str | None:
    return text if text is not None and _TOKEN.fullmatch(text) else None


def comes_from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this host, and not by another site's."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return site == "same-origin"
    return urlsplit(origin).netloc == request.headers.get("host")
