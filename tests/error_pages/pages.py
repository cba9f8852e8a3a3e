"""All pages of codes, by file name. Where composition only shares a code's name, the page is that of who gives it."""

import json
from collections.abc import Iterator

from brain.codes import BRAIN_CODES, PROVIDER_CODES, RUN_CODES
from brain.codes import Code as BrainCode
from router.commands.codes import COMMAND_CODES
from router.composition.codes.table import Code
from router.server.codes import REQUEST_CODES
from tests.error_pages import brain, commands, composition, requests, runs, saleor

__all__ = ["pages"]


BRAIN_EXAMPLES = {**brain.EXAMPLES, **saleor.EXAMPLES}


def pages() -> dict[str, str]:
    """Every page but the index, which is written by hand."""
    of_requests = {
        f"{name}.md": _page(code, iter([code.never]) if code.never else _request(name))
        for name, code in REQUEST_CODES.items()
    }
    of_commands = {f"{name}.md": _page(code, _command(name)) for name, code in COMMAND_CODES.items()}
    of_brain = {
        f"{name}.md": _page(code, _answered(BRAIN_EXAMPLES[name]), _OF_BRAIN) for name, code in BRAIN_CODES.items()
    }
    of_runs = {
        f"{name}.md": _page(code, iter([code.where]) if code.where else _done(runs.EXAMPLES[name]), _OF_RUNS)
        for name, code in {**RUN_CODES, **PROVIDER_CODES}.items()
    }
    return {**composition.pages(), **of_requests, **of_commands, **of_brain, **of_runs}


_OF_REQUESTS = "An error of [requests or of the command line](index.md)."
_OF_BRAIN = "An error of [requests to the Brain](index.md)."
_OF_RUNS = "It stands in the `error` of [a run of agents](../how-to/ask-agents.md), or in an action's `outcome`."


def _page(code: Code | BrainCode, example: Iterator[str], kind: str = _OF_REQUESTS) -> str:
    start = [f"# {code.name}", kind, code.meaning]
    return "\n\n".join([*start, f"**What to do.** {code.fix}", *example]) + "\n"


# ---- requests -------------------------------------------------------------------------------------------------------


def _request(name: str) -> Iterator[str]:
    return _answered(requests.EXAMPLES[name])


def _answered(example: requests.Example) -> Iterator[str]:
    yield "## Example"
    yield from _sent(example.failing)
    answer = requests.answer_of(example.failing)
    yield f"gives status {answer.status} and\n\n```json\n{_json(answer.body)}\n```"
    yield "## Mended"
    yield from _sent(example.mended)


def _sent(request: requests.Request) -> Iterator[str]:
    if request.note:
        yield request.note
    if request.settings:
        yield f"With these settings of the router:\n\n```json\n{_json(request.settings)}\n```"
    for name, text in request.files.items():
        yield f"`{name}`\n\n```json\n{_json(json.loads(text))}\n```"
    lines = [f"{request.method} {request.path}", *(f"{key}: {value}" for key, value in request.headers.items())]
    body = request.bodies()[-1].replace("\r\n", "\n").strip()
    if body:
        lines += ["", body if len(body) <= 400 else f"{body[:300]} ... and so on: {len(body)} characters"]
    yield "```http\n" + "\n".join(lines) + "\n```"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


# ---- command line ---------------------------------------------------------------------------------------------------


def _command(name: str) -> Iterator[str]:
    example = commands.EXAMPLES[name]
    yield "## Example"
    yield from _called(example.failing)
    _, errors = commands.output_of(example.failing)
    yield f"gives\n\n```text\n{errors.rstrip()}\n```"
    yield "## Mended"
    yield from _called(example.mended)


def _called(call: commands.Call) -> Iterator[str]:
    for name in call.shown:
        kind = {"graphql": "graphql", "yaml": "yaml", "toml": "toml"}[name.rpartition(".")[2]]
        yield f"`{name}`\n\n```{kind}\n{call.files[name].rstrip()}\n```"
    if call.note:
        yield call.note
    yield f"```sh\n{call.line}\n```"


# ---- runs of agents -------------------------------------------------------------------------------------------------


def _done(example: runs.Example) -> Iterator[str]:
    yield "## Example"
    if example.note:
        yield example.note
    yield f"```json\n{_json(example.failing)}\n```"
    yield f"gives\n\n```json\n{_json(runs.outcome_of(example, example.failing))}\n```"
    yield "## Mended"
    shown = {name: value for name, value in example.mended.items() if name != "again"}
    yield "The same, once that is mended." if shown == example.failing else f"```json\n{_json(shown)}\n```"
