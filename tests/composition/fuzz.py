# ruff: noqa: E501  SDL in one line is easier to compare than wrapped
"""Broken and hostile SDL given to the composer: `python -m tests.composition.fuzz --count 50000`.

Whatever it is given, `compose` answers: never with an exception, never after more than 5 s of processor time, never
with more than 1 GB of memory. The sets are composed in a child process whose limits enforce that; a child that dies is
replaced by one that goes on behind the set that killed it.
"""

import argparse
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from router.composition import Composed, compose
from tests.composition.case_files import CASES, read_case, subgraphs
from tests.composition.feature_sets import random_features

ROOT = Path(__file__).parents[2]
TIME_LIMIT_S = 5
MEMORY_LIMIT_BYTES = 1 << 30
LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external"])\n'
)
WORDS = (
    *("{", "}", "[", "]!", '"', '"""', "@key", "type", "extend", "[[[[", "$u", "_", "schema", "interface", "#", "\\u{110000}"),
    *("é😀", "\u202e", "\x00", "\ufeff", "\ud800", "\uff19", "\r", "...", "&", "|", "=", "1e999999", "-0", "null", "__typename"),
)  # fmt: skip


def truncated(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


def repeated(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    part = text[start : start + random.choice((1, 10, 100, 1000))]
    return text[:start] + part * random.choice((2, 3, 50, 300)) + text[start:]


def shuffled(text: str, random: Random) -> str:
    """Words cut, doubled, swapped, reversed, or strange ones put in."""
    words = text.split(" ")
    for _ in range(random.randint(1, 8)):
        at, other = random.randrange(len(words)), random.randrange(len(words))
        match random.randrange(5):
            case 0:
                del words[at : at + random.randint(1, 4)]
            case 1:
                words[at:at] = words[at : at + random.randint(1, 8)]
            case 2:
                words[at] = random.choice(WORDS)
            case 3:
                words[at], words[other] = words[other], words[at]
            case _:
                words[at] = words[at][::-1]
        words = words or ["type"]
    return " ".join(words)


def characters(text: str, random: Random) -> str:
    """Some characters replaced by any other."""
    letters = list(text or " ")
    for _ in range(random.randint(1, 20)):
        code = random.choice((random.randrange(128), random.randrange(0x3000), random.randrange(0x110000)))
        letters[random.randrange(len(letters))] = chr(code)
    return "".join(letters)


def nested(text: str, random: Random) -> str:
    """Something as deep as a malicious author would make it."""
    n = random.choice((30, 300, 3000, 30000))
    deep = random.choice(
        (
            "type Deep { a: " + "[" * n + "Int" + "]" * n + " }",
            "type Deep { a(x: Int = " + "[" * n + "]" * n + "): Int }",
            "type Deep { a(x: In = " + "{x: " * n + "1" + "}" * n + "): Int } input In { x: In }",
            'type Deep @key(fields: "' + "a { " * n + "id" + " }" * n + '") { id: ID! a: Deep }',
            'type Deep @key(fields: "id") { id: ID! a: Deep @external b: Int @requires(fields: "'
            + "a { " * n + "id" + " }" * n + '") }',
            'type Deep @key(fields: "' + "... on Deep { " * n + "id" + " }" * n + '") { id: ID! }',
            "type Deep { a: Int " + "@key " * n + "}",
            "{ a " * n + "}" * n,
            "".join(f"type D{i} {{ d: D{i + 1} }} " for i in range(min(n, 3000))) + f"type D{min(n, 3000)} {{ x: Int }}",
            "".join(f"interface I{i} implements I{i + 1} {{ x: Int }} " for i in range(min(n, 300))),
            "".join(f'type K{i} @key(fields: "k {{ k {{ id }} }}") {{ id: ID! k: K{i + 1} }} ' for i in range(min(n, 300)))
            + f"type K{min(n, 300)} {{ id: ID! k: K0 }}",
            "input Deep { x: Deep = " + "{x: " * min(n, 3000) + "{}" + "}" * min(n, 3000) + " }",
        )
    )  # fmt: skip
    return f"{text}\n{deep}" if random.random() < 0.7 else deep


def huge(text: str, random: Random) -> str:
    """Names, strings and lists of a hundred thousand."""
    n = random.choice((1000, 10_000, 100_000))
    big = random.choice(
        (
            '"' + "x" * n + '" scalar Described',
            '"""' + "\n  line" * n + '""" scalar Described',
            "scalar " + "N" * n,
            "enum Many { " + " ".join(f"V{i}" for i in range(n // 50)) + " }",
            "type Many { " + " ".join(f"f{i}: Int" for i in range(n // 50)) + " }",
            "type Many { a(" + " ".join(f"f{i}: Int" for i in range(n // 50)) + "): Int }",
            "union Many = " + " | ".join(f"T{i}" for i in range(n // 50)),
            'type Many @key(fields: "' + "id " * (n // 10) + '") { id: ID! }',
            'type Many @key(fields: "' + "x" * n + '") { id: ID! }',
            "type Many @tag(name: " + json.dumps("t" * n) + ") { id: ID! }",
            "type Many { a(x: Int = " + "9" * n + "): Int b(x: Float = 1e" + "9" * n + "): Int }",
            "extend type Query { x: Int } " * (n // 100),
            " " * n,
            "#" * n,
            "," * n + "type Many { x: Int }",
            'type Many { x: Int @deprecated(reason: "' + "\\u00e9" * (n // 6) + '") }',
        )
    )
    return f"{text}\n{big}"


CYCLES = (
    "interface A implements A { x: Int }",
    "interface A implements B { x: Int } interface B implements A { x: Int }",
    "input A { b: B! } input B { a: A! }",
    "input A { b: B = {} } input B { a: A = {} }",
    "directive @a(x: Int @b) on ARGUMENT_DEFINITION directive @b(x: Int @a) on ARGUMENT_DEFINITION",
    "union A = A",
    "union A = B union B = A",
    "schema { query: A mutation: A } type A { a: A }",
    LINK + 'type A @key(fields: "a { a { a { id } } }") { id: ID! a: A }',
    LINK
    + 'type A @key(fields: "b { a { b { id } } }") { id: ID b: B } type B @key(fields: "a { b { id } }") { id: ID a: A }',
    LINK
    + 'type A @key(fields: "id") { id: ID x: Int @external @requires(fields: "y") y: Int @external @requires(fields: "x") }',
    LINK + 'type A @key(fields: "id") { id: ID x: Int @requires(fields: "x") }',
    'extend schema @link(url: "https://specs.apollo.dev/link/v1.0", as: "link") @link(url: "", as: "@link")',
)


def cyclic(text: str, random: Random) -> str:
    return random.choice((text + "\n", "")) + random.choice(CYCLES)


MUTATIONS: tuple[Callable[[str, Random], str], ...] = (
    *(truncated, repeated, shuffled, shuffled, characters, nested, huge, cyclic),
)


def fuzzed(seed: int) -> dict[str, str]:
    """A set of which one or more subgraphs are mutated once or a few times."""
    random = Random(seed)
    if random.random() < 0.6:
        case = read_case(random.choice(CASES))
        sdls = dict(random.choice((case.failing, case.mended)))
    else:
        sdls = random_features(random)
    for name in random.sample(sorted(sdls), random.randint(1, len(sdls))):
        for _ in range(random.choice((1, 1, 2))):
            sdls[name] = random.choice(MUTATIONS)(sdls[name], random)[:2_000_000]
    return sdls


@dataclass(frozen=True)
class Fault:
    """A set that was not answered as it must be; `fuzzed(seed)` makes it again."""

    seed: int
    what: str


class _TooSlow(BaseException):
    """Not an `Exception`: nothing on the way may catch it."""


def _stop(*_: object) -> None:
    raise _TooSlow


def _child(first: int, count: int) -> None:
    """Composes in this process under limits; writes `<seed>` before and `<seed> <fault>` after a set that fails."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _stop)
    for seed in range(first, first + count):
        print(seed, flush=True)
        sdls = subgraphs(fuzzed(seed))
        signal.setitimer(signal.ITIMER_PROF, TIME_LIMIT_S)
        try:
            result = compose(sdls)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if not isinstance(result, Composed) and not result.errors:
                print(seed, "neither composed nor an error", flush=True)
        except _TooSlow:
            print(seed, f"longer than {TIME_LIMIT_S} s", flush=True)
        except Exception as bug:  # noqa: BLE001 whatever it is, it is the finding
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(seed, f"{type(bug).__name__}: {str(bug)[:200]!a}", flush=True)


def child_command(first: int, count: int) -> list[str]:
    """The command of the process that does the composing."""
    return [sys.executable, "-m", "tests.composition.fuzz", "--child", "--seed", str(first), "--count", str(count)]


def run(first: int, count: int) -> Iterator[Fault]:
    """Fuzzes with `count` seeds from `first`, in child processes, and yields what went wrong."""
    at, end = first, first + count
    while at < end:
        command = child_command(at, end - at)
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            seed, _, what = line.strip().partition(" ")
            at = int(seed) + 1
            if what:
                yield Fault(int(seed), what)
        said = child.stderr.read().strip().rsplit("\n", 1)[-1]
        child.stdout.close()
        child.stderr.close()
        if child.wait():
            if at == first:
                raise RuntimeError(f"the child does not start: {said}")
            yield Fault(at - 1, f"the process died ({child.returncode}): {said}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.composition.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options.seed, options.count)
        return 0
    found = 0
    for fault in run(options.seed, options.count):
        found += 1
        print(f"seed {fault.seed}: {fault.what}", flush=True)
    print(f"{options.count} sets, {found} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
