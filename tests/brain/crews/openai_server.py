"""A server on loopback that speaks OpenAI's chat completions: what it answers is written by a test, call by call."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from brain.crews.task import EngineChoice, Secret

Request = dict[str, Any]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


@dataclass(frozen=True)
class Answer:
    """One answer. `delay_s` before it; `usage` None leaves it out."""

    content: str | None = None
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    delay_s: float = 0
    usage: dict[str, int] | None = field(default_factory=lambda: dict(USAGE))

    def message(self) -> dict[str, Any]:
        calls = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for n, (name, arguments) in enumerate(self.calls)
        ]
        return {"role": "assistant", "content": self.content, **({"tool_calls": calls} if calls else {})}


def says(output: Any) -> Answer:
    """The final output, as JSON."""
    return Answer(content=output if isinstance(output, str) else json.dumps(output))


def wants(*calls: tuple[str, dict[str, Any]]) -> Answer:
    """Tools to be called."""
    return Answer(calls=calls)


@dataclass
class Provider:
    """The server's state. A script's item is an answer, or makes one of the request."""

    script: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def choice(self, **values: Any) -> EngineChoice:
        """This server as a tenant's engine."""
        given = {"provider": "openai", "model": "gpt-4.1-mini", "api_key": Secret("sk-local"), "timeout_s": 5.0}
        return EngineChoice(**{**given, "base_url": f"{self.url}/v1", **values})

    def tool_results(self) -> list[str]:
        """What tools were said to have given, in the last request."""
        return [message["content"] for message in self.requests[-1]["messages"] if message["role"] == "tool"]

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        item = self.script.pop(0)
        answer = item if isinstance(item, Answer) else item(body)
        await asyncio.sleep(answer.delay_s)
        if answer.raw is not None or answer.status != 200:
            text = answer.raw or json.dumps({"error": {"message": "no", "type": "server_error", "code": None}})
            return web.Response(
                text=text, status=answer.status, headers=answer.headers, content_type="application/json"
            )
        if body.get("stream"):
            return await self._stream(request, answer)
        reason = "tool_calls" if answer.calls else "stop"
        return web.json_response(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "message": answer.message(), "finish_reason": reason}],
                **({"usage": answer.usage} if answer.usage else {}),
            }
        )

    async def _stream(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        message = answer.message()
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        text = message["content"] or ""
        deltas += [{"content": text[at : at + 7]} for at in range(0, len(text), 7)]
        for index, call in enumerate(message.get("tool_calls", ())):
            arguments = call["function"]["arguments"]
            named = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
            deltas.append({"tool_calls": [named]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + 5]}}]}
                for at in range(0, len(arguments), 5)
            ]
        chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        reason = "tool_calls" if answer.calls else "stop"
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        chunks.append({"choices": [], "usage": answer.usage})
        for chunk in chunks:
            event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", **chunk}
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def serving() -> AsyncIterator[Provider]:
    """The server, on a free port."""
    provider = Provider()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()
