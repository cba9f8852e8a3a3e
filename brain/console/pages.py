"""The console's pages, made of templates; whatever is put into them is escaped."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from brain.sign_in.pages import Pages
from brain.sign_in.place import Place

__all__ = ["CONSOLE", "page"]

CONSOLE = Place(
    title="Agents' console",
    path="/console",
    own="/console",
    cookies="brain_console",
    same_site="strict",
    pages=re.compile(r"/console/(runs/[A-Za-z0-9-]{1,64})?"),
)

_MICROS = 1_000_000


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


page = Pages(
    CONSOLE,
    Path(__file__).parent / "templates",
    filters={"money": money, "pretty": pretty, "moment": moment, "words": words},
)
