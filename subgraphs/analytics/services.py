"""What resolvers of analytics need besides the session; `info.context.services`."""

from dataclasses import dataclass

from resolvers.settings import Settings
from subgraphs.analytics.domain.dashboards import DashboardsNotConfigured
from subgraphs.analytics.superset import Superset

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """The Superset, if there is one, and where browsers find it."""

    superset: Superset | None = None
    superset_url: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "Services":
        """As the settings say."""
        url, username, file = settings.superset_url, settings.superset_username, settings.superset_password_file
        if not url or not username or file is None:
            return cls()
        return cls(Superset(url, username, file), settings.superset_public_url or url)

    def the_superset(self) -> Superset:
        """The Superset.

        Raises:
            DashboardsNotConfigured: there is none.
        """
        if self.superset is None:
            raise DashboardsNotConfigured
        return self.superset

    async def close(self) -> None:
        """Gives connections back."""
        if self.superset is not None:
            await self.superset.close()
