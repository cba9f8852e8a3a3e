"""Dashboards that another system draws."""

from dataclasses import dataclass

from resolvers.errors import NotFound, Refused

__all__ = [
    "Dashboard",
    "DashboardNotEmbedded",
    "DashboardNotFound",
    "DashboardsNotConfigured",
    "DashboardsUnavailable",
    "GuestToken",
]


class DashboardsNotConfigured(Refused):
    """No Superset is set up: set BRAIN_SUPERSET_URL, BRAIN_SUPERSET_USERNAME and BRAIN_SUPERSET_PASSWORD_FILE."""

    code = "DASHBOARDS_NOT_CONFIGURED"


class DashboardsUnavailable(Refused):
    """Dashboards are not available at the moment: try again later."""

    code = "DASHBOARDS_UNAVAILABLE"


class DashboardNotFound(NotFound):
    """There is no such dashboard, or it is not published."""

    code = "DASHBOARD_NOT_FOUND"


class DashboardNotEmbedded(Refused):
    """The dashboard may not be embedded: allow it in Superset."""

    code = "DASHBOARD_NOT_EMBEDDED"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A published dashboard.

    Attributes:
        name: its title.
    """

    id: int
    name: str
    slug: str | None


@dataclass(frozen=True, slots=True)
class GuestToken:
    """What a browser shows a dashboard with.

    Attributes:
        embedded_id: what the dashboard is called there.
    """

    token: str
    embedded_id: str
