"""A run of several steps for tests: a campaign to two customers."""

from typing import Any

from brain.workflows.messages import CrewOutline, Engine, TaskOutput
from brain.workflows.steps import Step, StepKind

from .conftest import Graph, write

DAYS = 3 * 24 * 3600
AUDIENCE = Step("audience", StepKind.TASK, "audience")
CONTENT = Step("content", StepKind.TASK, "content")
APPROVAL = Step("approval", StepKind.APPROVAL)
PUBLISH = Step("publish", StepKind.WRITE)
REST = Step("rest", StepKind.WAIT, seconds=DAYS)
MEASURE = Step("measure", StepKind.TASK, "measure")
CAMPAIGN = (AUDIENCE, CONTENT, APPROVAL, PUBLISH, REST, MEASURE)


def campaign(*steps: Step, **changed: Any) -> Graph:
    """A campaign to two customers; nothing in it would need a person by the rule."""
    messages = [write(to="a", text="Hello a"), write(to="b", text="Hello b")]
    plans = {
        "audience": TaskOutput({"customers": ["a", "b"]}, Engine("PLAYBOOK")),
        "content": TaskOutput({"text": "Hello"}, Engine("PLAYBOOK"), messages),
        "measure": TaskOutput({"read": 2}, Engine("PLAYBOOK")),
    }
    outline = CrewOutline(["audience", "content", "measure"], "v1", steps=list(steps or CAMPAIGN))
    return Graph(outline=outline, plans={**plans, **changed})
