"""Servers on loopback that speak Anthropic's and Google's own protocols, as these document them.

Anthropic: POST /v1/messages (https://docs.anthropic.com/en/api/messages, errors at /en/api/errors).
Google: POST /v1beta/models/{model}:generateContent (https://ai.google.dev/api/generate-content).

What they answer is written by a test, call by call, with `says` and `wants` of `openai_server`. A request that breaks
the protocol is answered with its 400 and noted in `wrong`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from brain.crews.task import EngineChoice, Secret
from tests.brain.crews.openai_server import Answer, Request

KEY = "key-of-acme"
READ, WRITTEN = 1000, 100


@dataclass
class Protocol:
    """What both have in common."""

    script: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    provider = ""
    model = ""
    key_header = ""

    def choice(self, **values: Any) -> EngineChoice:
        """This server as a tenant's engine."""
        given = {"provider": self.provider, "model": self.model, "api_key": Secret(KEY), "timeout_s": 5.0}
        return EngineChoice(**{**given, "base_url": self.url, **values})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        problems = [problem for is_wrong, problem in self.problems(request, body) if is_wrong]
        if problems:
            self.wrong += problems
            return web.json_response(self.failure(400), status=400)
        item = self.script.pop(0)
        answer = item if isinstance(item, Answer) else item(body)
        await asyncio.sleep(answer.delay_s)
        if answer.raw is not None:
            return web.Response(text=answer.raw, status=answer.status, content_type="application/json")
        if answer.status != 200:
            return web.json_response(self.failure(answer.status), status=answer.status, headers=answer.headers)
        return web.json_response(self.message(answer))

    def problems(self, request: web.Request, body: Request) -> list[tuple[bool, str]]:
        raise NotImplementedError

    def failure(self, status: int) -> dict[str, Any]:
        raise NotImplementedError

    def message(self, answer: Answer) -> dict[str, Any]:
        raise NotImplementedError

    def results(self) -> list[str]:
        """What tools were said to have given, in the last request."""
        raise NotImplementedError


class Anthropic(Protocol):
    provider, model, key_header = "anthropic", "claude-sonnet-4-5", "x-api-key"
    path = "/v1/messages"

    def problems(self, request: web.Request, body: Request) -> list[tuple[bool, str]]:
        roles = [message["role"] for message in body.get("messages", ())]
        used = [part["id"] for part in _parts(body) if part.get("type") == "tool_use"]
        given = [part["tool_use_id"] for part in _parts(body) if part.get("type") == "tool_result"]
        return [
            (request.headers.get("x-api-key") != KEY, "x-api-key"),
            ("anthropic-version" not in request.headers, "anthropic-version"),
            (not isinstance(body.get("max_tokens"), int), "max_tokens is required"),
            (not roles or roles[0] != "user", "messages begin with the user's"),
            (set(roles) - {"user", "assistant"} != set(), "system is not a role of a message"),
            (used != given, f"each tool_use has its tool_result: {used}, {given}"),
            (any("input_schema" not in tool for tool in body.get("tools", ())), "tools have an input_schema"),
        ]

    def failure(self, status: int) -> dict[str, Any]:
        kind = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}.get(
            status, "api_error"
        )
        return {"type": "error", "error": {"type": kind, "message": f"No, not with {KEY}."}}

    def message(self, answer: Answer) -> dict[str, Any]:
        content: list[dict[str, Any]] = [] if answer.content is None else [{"type": "text", "text": answer.content}]
        content += [
            {"type": "tool_use", "id": f"toolu_{len(self.requests)}_{n}", "name": name, "input": arguments}
            for n, (name, arguments) in enumerate(answer.calls)
        ]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": "tool_use" if answer.calls else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": READ, "output_tokens": WRITTEN},
        }

    def results(self) -> list[str]:
        return [
            part["content"] if isinstance(part["content"], str) else part["content"][0]["text"]
            for part in _parts(self.requests[-1])
            if part.get("type") == "tool_result"
        ]


class Gemini(Protocol):
    provider, model, key_header = "gemini", "gemini-2.5-flash", "x-goog-api-key"
    path = "/v1beta/models/{model}:generateContent"

    def problems(self, request: web.Request, body: Request) -> list[tuple[bool, str]]:
        roles = [content.get("role") for content in body.get("contents", ())]
        return [
            (request.headers.get("x-goog-api-key") != KEY, "x-goog-api-key"),
            (request.match_info["model"] != self.model, "the model's name is in the path"),
            (not roles or set(roles) - {"user", "model", "function"} != set(), f"roles are user and model: {roles}"),
        ]

    def failure(self, status: int) -> dict[str, Any]:
        kind = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}.get(status, "INTERNAL")
        return {"error": {"code": status, "message": f"No, not with {KEY}.", "status": kind}}

    def message(self, answer: Answer) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [] if answer.content is None else [{"text": answer.content}]
        parts += [{"functionCall": {"name": name, "args": arguments}} for name, arguments in answer.calls]
        return {
            "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": READ,
                "candidatesTokenCount": WRITTEN,
                "totalTokenCount": READ + WRITTEN,
            },
            "modelVersion": self.model,
        }

    def results(self) -> list[str]:
        return [
            json.dumps(part["functionResponse"]["response"])
            for content in self.requests[-1]["contents"]
            for part in content["parts"]
            if "functionResponse" in part
        ]


def _parts(body: Request) -> list[dict[str, Any]]:
    return [part for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]]


@asynccontextmanager
async def speaking(protocol: type[Anthropic] | type[Gemini]) -> AsyncIterator[Anthropic | Gemini]:
    """The server, on a free port."""
    state = protocol()
    application = web.Application()
    application.router.add_post(protocol.path, state.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    state.url = f"http://127.0.0.1:{port}"
    try:
        yield state
    finally:
        await runner.cleanup()
