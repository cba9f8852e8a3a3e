"""What providers document, read from `providers/*.yaml`, as scripts for the contract server."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.brain.catalogue.contract_server import Step

__all__ = ["PROVIDERS", "Provider", "at"]

_FOLDER = Path(__file__).parent / "providers"


@dataclass(frozen=True)
class Provider:
    """One provider's file. `tokens` counts: the n-th token that is given ends in its number."""

    name: str
    file: Mapping[str, Any]

    @property
    def uses_tokens(self) -> bool:
        return "token" in self.file

    @property
    def credentials(self) -> dict[str, str]:
        return dict(self.file["credentials"])

    @property
    def renewed(self) -> dict[str, str]:
        """What the tenant's credentials are after they were changed."""
        return {**self.credentials, **self.file["renewed"]}

    @property
    def wait_s(self) -> float:
        return float(self.file["limited"]["wait"])

    def token_step(self, number: int = 1) -> tuple[Step, ...]:
        """The request of an access token; nothing for providers that take keys."""
        if not self.uses_tokens:
            return ()
        token = self.file["token"]
        form = dict(token["form"])
        if number > 1 and "stores" in token:
            form["refresh_token"] = token["stores"]["refresh_token"]
        reply = {**token["reply"], "access_token": self.token(number)}
        headers = {"Authorization": token["auth"]} if "auth" in token else {}
        return (Step(token["request"], headers=headers, form=form, reply=reply),)

    def token(self, number: int) -> str:
        return f"{self.file['token']['reply']['access_token']}-{number}"

    def step(self, part: Mapping[str, Any], number: int = 1, *, renewed: bool = False, **answer: Any) -> Step:
        """A request with what authenticates it, answered as documented or by `answer`."""
        headers = {**self.file.get("headers", {}), **part.get("headers_sent", {}), **self.file["auth"]}
        if self.uses_tokens:
            headers = {name: value.replace("{token}", self.token(number)) for name, value in headers.items()}
        request = part["request"]
        if renewed:
            for field, new in self.file["renewed"].items():
                old = self.credentials[field]
                request = request.replace(old, new)
                headers = {name: value.replace(old, new) for name, value in headers.items()}
        headers.pop("User-Agent", None)
        return Step(
            request,
            headers=headers,
            absent=tuple(self.file.get("absent", ())),
            json=part.get("json"),
            form=part.get("form"),
            **(answer or {"reply": part.get("reply"), "status": part.get("status", 200), "reply_headers": _now(part)}),
        )

    def pages(self, number: int = 1, *, renewed: bool = False) -> list[Step]:
        """The read, page by page."""
        read = self.file["read"]
        return [
            self.step({**page, "headers_sent": read.get("headers", {})}, number, renewed=renewed)
            for page in read["pages"]
        ]

    def first_page(self, number: int = 1, **answer: Any) -> Step:
        """The first request of the read, answered otherwise."""
        read = self.file["read"]
        return self.step({**read["pages"][0], "headers_sent": read.get("headers", {})}, number, **answer)

    def write(self, number: int = 1, **answer: Any) -> Step:
        """The write; its idempotency key is not part of the step."""
        part = self.file["write"]
        sent = {**part, "headers_sent": part.get("headers", {}), "headers": part.get("reply_headers", {})}
        if "body" in part.get("idempotency", {}):
            sent["json"] = _with(part["json"], part["idempotency"]["body"], "*")
        return self.step(sent, number, **answer)

    def failure(self, kind: str) -> dict[str, Any]:
        """An answer that is a documented failure."""
        part = self.file.get(kind, {"status": 500, "body": {}})
        if "text" in part:
            return {"status": part["status"], "text": part["text"], "reply_headers": {"content-type": "text/plain"}}
        return {"status": part["status"], "reply": part["body"], "reply_headers": _now(part)}


def at(data: Any, path: str) -> Any:
    """What lies at a dotted path."""
    for part in path.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


def _now(part: Mapping[str, Any]) -> dict[str, str]:
    """Headers; `in 10 s` is the Unix time then."""
    return {
        name: str(int(time.time() + float(value.split()[1])) + 1) if value.startswith("in ") else value
        for name, value in part.get("headers", {}).items()
    }


def _with(data: Any, path: str, value: Any) -> Any:
    first, _, rest = path.partition(".")
    return {**data, first: _with(data.get(first, {}), rest, value) if rest else value}


PROVIDERS = [Provider(path.stem, yaml.safe_load(path.read_text())) for path in sorted(_FOLDER.glob("*.yaml"))]
