"""Where a request's time goes in a real router: `python -m tests.bench.flame bench --svg profile.svg`.

`serve` runs in a process that looks at its own stack a thousand times a second of processor time, while 50 connections
ask for one of the rig's queries; subgraphs answer from memory. Prints the share of each stage, and draws a flame graph.
The rig must lie beside the checkout (`../shared/bench`).
"""

import argparse
import asyncio
import html
import json
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httptools
import orjson
import uvloop
from graphql import graphql_sync

from router.commands import main as router_main
from tests.bench.data import NAMES, RIG, load_scenario

STAGES = (
    (
        "HTTP server, fast lane",
        r"server/(http1|heads|fast_lane|lane_request|generations|http_versions|contexts)|uvicorn",
    ),
    ("HTTP client", r"http_client/|subgraph_transport"),
    ("reading JSON", r"exact_json|replies"),
    ("writing JSON", r"server/responses"),
    ("the plan's own code", r"<plan of"),
    ("merging", r"executor/(merging|writes|representations|tidy)"),
    ("requests to subgraphs", r"executor/(requests|parts|client)|server/subgraphs"),
    ("running the plan", r"executor/"),
    ("metrics", r"server/metrics"),
)
CONNECTIONS = 50
Stacks = Counter[tuple[str, ...]]


# ---- the router, which samples itself -------------------------------------------------------------------------------


def serve(arguments: list[str], out: Path) -> int:
    """Run `router serve`; samples between SIGUSR1 and SIGUSR2, and writes them then."""
    stacks: Stacks = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        names: list[str] = []
        while frame is not None and len(names) < 60:
            code = frame.f_code
            names.append(f"{short(code.co_filename)}:{code.co_qualname}")
            frame = frame.f_back
        stacks[tuple(reversed(names))] += 1

    def begin(*_: object) -> None:
        stacks.clear()
        signal.signal(signal.SIGPROF, sample)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)

    def end(*_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0, 0)
        out.write_text(json.dumps([[list(stack), count] for stack, count in stacks.items()]))

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    return router_main(["serve", *arguments])


def short(file: str) -> str:
    """A file's place below the checkout or the packages."""
    return re.sub(r"^.*?/(?=router/|site-packages/)|site-packages/", "", file)


# ---- the subgraphs --------------------------------------------------------------------------------------------------


def subgraphs(name: str) -> None:
    """Answer the requests of one scenario; prints the port."""
    answers = load_scenario(name).answers
    known: dict[tuple[str, bytes], bytes] = {}

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
            self.transport = transport
            self.parser = httptools.HttpRequestParser(self)
            self.url, self.body = b"", b""

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_url(self, url: bytes) -> None:
            self.url = url

        def on_body(self, body: bytes) -> None:
            self.body += body

        def on_message_complete(self) -> None:
            key = (self.url.decode().rpartition("/")[2], self.body)
            self.body = b""
            if key not in known:
                request = orjson.loads(key[1])
                schema = answers.schemas[key[0]]
                result = graphql_sync(schema, request["query"], answers.root, variable_values=request.get("variables"))
                text = orjson.dumps({"data": result.data})
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(text)
                known[key] = head + text
            self.transport.write(known[key])

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()

    uvloop.run(run())


# ---- the load -------------------------------------------------------------------------------------------------------


async def load(port: int, query: str, expected: object, seconds: float) -> int:
    """Ask over and over on many connections; returns how often there was an answer. The first ones are compared."""
    body = json.dumps({"query": query}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    end = asyncio.get_running_loop().time() + seconds
    count = 0

    async def client() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        is_first = True
        while asyncio.get_running_loop().time() < end:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer)
            assert length is not None
            text = await reader.readexactly(int(length[1]))
            assert not is_first or json.loads(text) == expected, text[:1000]
            is_first = False
            count += 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return count


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.bench.flame", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def profiled(name: str, seconds: float) -> tuple[Stacks, int]:
    """The stacks of one scenario, and how many requests they are of."""
    expected = json.loads((RIG / name / "expected.json").read_bytes())
    query = (RIG / name / "query.graphql").read_text()
    with tempfile.TemporaryDirectory() as folder, started(name, "--subgraphs") as answering:
        assert answering.stdout is not None
        address = f"http://127.0.0.1:{answering.stdout.readline().strip()}"
        text = (RIG / name / "supergraph.graphql").read_text()
        text = re.sub(r'(join__graph\(name: "([^"]+)", url: ")[^"]*"', rf'\g<1>{address}/\g<2>"', text)
        (Path(folder) / "supergraph.graphql").write_text(text)
        out = Path(folder) / "stacks.json"
        supergraph = ("--supergraph", f"{folder}/supergraph.graphql")
        with started(name, "--sampled", str(out), *supergraph, "--port", "0") as serving:
            assert serving.stderr is not None
            port = json.loads(serving.stderr.readline())["port"]
            asyncio.run(load(port, query, expected, 2))
            serving.send_signal(signal.SIGUSR1)
            count = asyncio.run(load(port, query, expected, seconds))
            serving.send_signal(signal.SIGUSR2)
            asyncio.run(load(port, query, expected, 0.2))
            stacks = Counter({tuple(stack): times for stack, times in json.loads(out.read_text())})
    return stacks, count


# ---- what is shown --------------------------------------------------------------------------------------------------


def shares(stacks: Stacks) -> list[tuple[str, float]]:
    """The share of each stage: that of the innermost function which belongs to one."""
    found: Counter[str] = Counter()
    for stack, times in stacks.items():
        stage = next(
            (name for function in reversed(stack) for name, pattern in STAGES if re.search(pattern, function)), ""
        )
        found[stage or "event loop and all else"] += times
    return [(name, times / stacks.total()) for name, times in found.most_common()]


def flame_graph(stacks: Stacks, title: str, width: int = 1200, row: int = 16) -> str:
    """An SVG: one box for each function in each context, as wide as its share; the caller is below."""
    boxes: list[str] = []
    total, deepest = stacks.total(), 0

    def draw(below: Stacks, left: float, depth: int) -> None:
        nonlocal deepest
        deepest = max(deepest, depth)
        children: dict[str, Stacks] = {}
        for stack, times in below.items():
            if stack:
                children.setdefault(stack[0], Counter())[stack[1:]] += times
        for function, inner in sorted(children.items()):
            share = inner.total() / total
            if share > 0.002:
                label = html.escape(function)
                shown = label.rpartition(":")[2][: int(share * width / 6.5)]
                hue = sum(map(ord, function.partition(":")[0])) % 60
                boxes.append(
                    f'<g><title>{label} {share:.1%}</title><rect x="{left * width:.1f}" y="{{{depth}}}" '
                    f'width="{share * width:.1f}" height="{row - 1}" fill="hsl({hue},75%,65%)"/>'
                    f'<text x="{left * width + 2:.1f}" y="{{{depth}t}}">{shown}</text></g>'
                )
                draw(inner, left, depth + 1)
            left += share

    draw(stacks, 0.0, 0)
    height = (deepest + 2) * row
    body = "\n".join(boxes)
    for depth in range(deepest + 1):
        y = height - (depth + 1) * row
        body = body.replace(f"{{{depth}}}", str(y)).replace(f"{{{depth}t}}", str(y + row - 5))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="monospace" '
        'font-size="10">\n'
        f'<text x="4" y="12">{html.escape(title)}</text>\n{body}\n</svg>\n'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=NAMES)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--svg", type=Path, help="where to draw the flame graph")
    parser.add_argument("--subgraphs", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sampled", type=Path, help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if not RIG.is_dir():
        sys.stderr.write("the benchmark rig is not beside this checkout, in ../shared\n")
        return 1
    if options.subgraphs:
        subgraphs(options.scenario)
        return 0
    if options.sampled:
        return serve(rest, options.sampled)
    stacks, count = profiled(options.scenario, options.seconds)
    sys.stdout.write(f"{options.scenario}: {count} requests, {stacks.total()} samples\n")
    for name, share in shares(stacks):
        sys.stdout.write(f"{share:6.1%}  {name}\n")
    if options.svg:
        options.svg.write_text(flame_graph(stacks, f"{options.scenario}: processor time of the router"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
