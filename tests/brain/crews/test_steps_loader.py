"""The steps in a crew's file."""

import shutil
from pathlib import Path

import pytest

from brain.catalogue.yaml_source import CatalogueError
from brain.crews.definitions_loader import load
from brain.crews.reference_page import crews_page
from brain.workflows.steps import Step, StepKind

HERE = Path(__file__).parents[3] / "brain" / "crews"

STEPS = """
steps:
  - {kind: task, task: score}
  - {kind: approval}
  - {kind: wait, until: leadId}
  - {kind: write, name: publish}
  - {kind: wait, name: rest, seconds: 86400}
  - {kind: task, task: score, name: measure}
  - {kind: write}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part, suffix in (("definitions", "yaml"), ("operations", "graphql")):
        (tmp_path / part).mkdir()
        shutil.copy(HERE / part / f"lead_scoring.{suffix}", tmp_path / part)
    return tmp_path


def written(folder: Path, steps: str) -> Path:
    file = folder / "definitions" / "lead_scoring.yaml"
    file.write_text((HERE / "definitions" / "lead_scoring.yaml").read_text() + steps)
    return folder


def test_steps_are_read(folder: Path) -> None:
    without = load(folder / "definitions", folder / "operations")["lead_scoring"]
    assert without.steps == ()
    crew = load(written(folder, STEPS) / "definitions", folder / "operations")["lead_scoring"]
    assert crew.steps == (
        Step("score", StepKind.TASK, "score"),
        Step("approval", StepKind.APPROVAL),
        Step("wait", StepKind.WAIT, until="leadId"),
        Step("publish", StepKind.WRITE),
        Step("rest", StepKind.WAIT, seconds=86400.0),
        Step("measure", StepKind.TASK, "score"),
        Step("write", StepKind.WRITE),
    )
    assert crew.version != without.version
    assert "score, approval, wait until `leadId`, publish, rest (86,400 s), measure, write" in crews_page({"": crew})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{kind: approval}", "{kind: vote}", "kind: must be one of task, approval, write, wait"),
        ("{kind: approval}", "{kind: approval, by: all}", "unknown; known are"),
        ("{kind: task, task: score}", "{kind: task, task: sing}", "there is no task sing"),
        ("{kind: task, task: score}", "{kind: task}", "'task' is missing"),
        ("name: measure}", "name: rest}", "there are two steps rest"),
        ("until: leadId", "until: moment", "must name an input that is a text, and required"),
        ("until: leadId", "until: leadId, seconds: 5", "a wait has `seconds` or `until`"),
        (", seconds: 86400", "", "a wait has `seconds` or `until`"),
        ("seconds: 86400", "seconds: 0", "must be more than 0"),
        ("seconds: 86400", "seconds: 1000000000", "no more than 366 days"),
        ("  - {kind: write}\n", "", "what is proposed is never written"),
        ("  - {kind: task, task: score}\n", "", "nothing is proposed before it"),
        (STEPS, "\nsteps: []\n", "a crew has 1 to 20 steps"),
        (STEPS, "\nsteps:\n  - {kind: wait, seconds: 1}\n", "no step does score"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, old: str, new: str, message: str) -> None:
    assert old in STEPS
    with pytest.raises(CatalogueError) as caught:
        load(written(folder, STEPS.replace(old, new, 1)) / "definitions", folder / "operations")
    assert message in str(caught.value)
    assert str(caught.value).startswith("lead_scoring.yaml:")
