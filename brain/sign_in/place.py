"""A part of the site that people sign in to."""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session holds, and what it is called there.

    Attributes:
        title: for people.
        path: where it begins; cookies are for it alone.
        own: below it are the addresses to sign in and out.
        cookies: what the names of its cookies begin with.
        same_site: whether its cookies come along when another site leads here: `lax` if so, else `strict`.
        pages: of it, as a regular expression: nobody is sent anywhere else after signing in.
    """

    title: str
    path: str
    own: str
    cookies: str
    same_site: Literal["lax", "strict"]
    pages: re.Pattern[str]

    @property
    def home(self) -> str:
        """Its first page."""
        return f"{self.path}/"

    def local(self, path: str) -> str:
        """The page if it is one of this place, else the first one."""
        return path if self.pages.fullmatch(path) else self.home
