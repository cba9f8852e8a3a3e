"""What resolvers of content need besides the database of the session."""

from dataclasses import dataclass

from resolvers.settings import Settings
from subgraphs.content.cms.setup import secret_of

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """Keys, and the way to Wagtail."""

    settings: Settings

    def key(self, purpose: str) -> bytes:
        """What addresses of files, or previews, are signed with."""
        return secret_of(self.settings, purpose)
