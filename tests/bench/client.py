"""Microseconds of CPU that one request to a subgraph takes in the router: `python -m tests.bench.client`.

The router's own HTTP/1.1 client, aiohttp, and HTTP/2 if its extra is installed, in turns, against a server in another
process that answers at once. Figures of one machine and one minute: compare them within one run only.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

from router.errors import SubgraphError
from router.executor import AiohttpTransport
from router.executor.http2_transport import Http2Transport, is_http2_installed
from router.executor.http_client import HttpTransport
from router.hooks import RequestContext, SubgraphCall, SubgraphReply

CONTEXT = RequestContext("bench", "POST", "/graphql", {})


class Answering(asyncio.Protocol):
    """Answers whatever comes, whole requests in one piece being all that it is sent."""

    def __init__(self, answer: bytes, *, varies: bool) -> None:
        self.answer = answer
        self.varies = varies

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        stamp = time.perf_counter_ns() if self.varies else 0
        self.transport.write(self.answer % stamp)


async def serve(size: int, *, varies: bool) -> None:
    body = b'{"data":"' + b"x" * max(size - 11, 0) + b'"}'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-trace: %%d\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Answering(head + body, varies=varies), "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


def call_to(url: str) -> SubgraphCall:
    headers = {
        "content-type": "application/json",
        "accept": "application/graphql-response+json, application/json;q=0.9",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "x-request-id": f"{time.perf_counter_ns():032x}",
    }
    return SubgraphCall("a", url, headers, b'{"query":"{x}"}', "query", (0,), CONTEXT)


async def cpu_us(transport: Any, url: str, calls: int, at_a_time: int) -> float:
    """CPU time of one call, without making the call."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    left, running = calls - at_a_time, at_a_time

    def on_reply(reply: SubgraphReply | SubgraphError) -> None:
        nonlocal left, running
        assert isinstance(reply, SubgraphReply), reply
        if left:
            left -= 1
            transport.send(call_to(url), loop.time() + 30, on_reply)
        else:
            running -= 1
            if not running:
                done.set_result(None)

    start = time.process_time()
    for _ in range(calls):
        call_to(url)
    making = time.process_time() - start
    start = time.process_time()
    for _ in range(at_a_time):
        transport.send(call_to(url), loop.time() + 30, on_reply)
    await done
    return (time.process_time() - start - making) / calls * 1e6


async def compare(port: int, options: argparse.Namespace) -> None:
    url = f"http://127.0.0.1:{port}/graphql"
    transports: dict[str, Callable[[], Any]] = {"own": HttpTransport, "aiohttp": AiohttpTransport}
    figures: dict[str, list[float]] = {name: [] for name in transports}
    for _ in range(options.rounds):
        for name, make in transports.items():
            async with make() as transport:
                await cpu_us(transport, url, 200, options.at_a_time)
                figures[name].append(await cpu_us(transport, url, options.calls, options.at_a_time))
    for name, times in figures.items():
        print(f"{name:<10}{statistics.median(times):8.1f} us  ({min(times):.1f} to {max(times):.1f})")
    print(f"ratio     {statistics.median(figures['aiohttp']) / statistics.median(figures['own']):8.1f}")


async def http2(options: argparse.Namespace) -> None:
    """HTTP/2 against a real server, which is in this process' way: an upper bound."""
    from tests.executor.test_http2_transport import Subgraph, serving

    app = Subgraph(pause_s=0)
    async with serving(app) as url, Http2Transport() as transport, AiohttpTransport() as other:
        for name, each in (("http2", transport), ("aiohttp", other)):
            await cpu_us(each, url, 100, options.at_a_time)
            print(f"{name:<10}{await cpu_us(each, url, 1000, options.at_a_time):8.1f} us with hypercorn's part")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.client", description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-a-time", type=int, default=20)
    parser.add_argument("--size", type=int, default=200, help="of the answer's body, in bytes")
    parser.add_argument("--varies", action="store_true", help="no two heads of answers are equal")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve(options.size, varies=options.varies))
        return 0
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.client", "--serve", *sys.argv[1:]], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            uvloop.run(compare(int(server.stdout.readline()), options))
        finally:
            server.terminate()
    if is_http2_installed():
        uvloop.run(http2(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
