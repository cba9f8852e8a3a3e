"""Pages made of templates; whatever is put into them is escaped."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from brain.sign_in.place import Place

__all__ = ["CONTENT_SECURITY_POLICY", "SECURITY_HEADERS", "Pages"]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Pages:
    """The pages of a place: to sign in, that something is wrong, and those in `folders`.

    Args:
        filters: for the templates.
    """

    def __init__(self, place: Place, *folders: Path, filters: Mapping[str, Callable[..., str]] | None = None) -> None:
        self._templates = Environment(
            loader=FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["place"] = place
        self._templates.filters |= filters or {}

    def __call__(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page made of `<name>.html`."""
        return HTMLResponse(self._templates.get_template(f"{name}.html").render(**values), status, SECURITY_HEADERS)
