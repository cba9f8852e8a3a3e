"""The console's pages, made of templates; whatever is put into them is escaped."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

__all__ = ["CONTENT_SECURITY_POLICY", "SECURITY_HEADERS", "page"]

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

_MICROS = 1_000_000


def page(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page made of `templates/<name>.html`."""
    return HTMLResponse(_templates.get_template(f"{name}.html").render(**values), status, SECURITY_HEADERS)


def money(micros: int | str, currency: str = "USD") -> str:
    """An amount in millionths, for people: to the cent, or as much of a cent as there is."""
    amount = int(micros) / _MICROS
    digits = 2 if amount == 0 or amount >= 0.01 else 6
    return f"{amount:,.{digits}f} {currency}"


def pretty(value: Any) -> str:
    """JSON, in full, on several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def moment(text: str | None) -> str:
    """A moment in UTC, to the second."""
    if text is None:
        return ""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


def words(name: str) -> str:
    """The name of a state as words: `WAITING_FOR_APPROVAL` is "waiting for approval"."""
    return name.replace("_", " ").lower()


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"money": money, "pretty": pretty, "moment": moment, "words": words}
