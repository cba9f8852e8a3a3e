"""A bounded sample of the fuzzing; `python -m tests.composition.fuzz` runs 50,000."""

import sys

import pytest

from tests.composition import fuzz

SAMPLE = 1200


def test_composition_answers_whatever_it_is_given() -> None:
    faults = list(fuzz.run(0, SAMPLE))
    assert not faults, "\n".join(f"seed {fault.seed}: {fault.what}" for fault in faults)


def test_mutations_are_many_and_the_same_for_the_same_seed() -> None:
    assert fuzz.fuzzed(7) == fuzz.fuzzed(7)
    longest = [max(map(len, fuzz.fuzzed(seed).values())) for seed in range(60)]
    assert max(longest) > 20_000
    assert min(longest) < 300


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("raise ValueError('no')", "ValueError: 'no'"),
        ("while True: pass", "longer than 1 s"),
        ("bytearray(2 << 30)", "MemoryError: ''"),
        ("import os; os.abort()", "the process died (-6)"),
    ],
)
def test_every_kind_of_fault_is_seen(body: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child runs with a composer that misbehaves, the limits as they are."""
    program = (
        "import sys\nimport tests.composition.fuzz as fuzz\n"
        f"def compose(subgraphs):\n    {body}\n"
        "fuzz.compose = compose\nfuzz.TIME_LIMIT_S = 1\nfuzz._child(int(sys.argv[1]), int(sys.argv[2]))\n"
    )

    def command(first: int, count: int) -> list[str]:
        return [sys.executable, "-c", program, str(first), str(count)]

    monkeypatch.setattr(fuzz, "child_command", command)
    (fault,) = fuzz.run(3, 1)
    assert fault.seed == 3
    assert fault.what.startswith(what)
