"""What can go wrong with a task of a crew.

    CrewError
    ├── UnknownCrew, UnknownTask     nothing of that name
    ├── InputInvalid                 the run was asked for with other arguments than the crew takes
    ├── SubjectMissing               what the run is about is not there
    ├── GraphRefused                 the graph refused a read, or has no such thing
    ├── GraphUnavailable             the graph does not answer: trying again may help
    ├── BudgetExceeded               the next call of a language model could cost more than is left
    ├── ProviderUnavailable          the language model's provider does not answer, or refuses us
    ├── EngineMisconfigured          the tenant's settings name no engine that there is
    ├── RunStopped                   the run may not go on: kill switch, or it is over
    ├── GuardrailFailed              the output breaks the crew's rules and was not mended
    └── TaskTimedOut                 it took too long

`retryable` says whether the same task may succeed if it is run again as it is.
"""

from typing import ClassVar

__all__ = [
    "BudgetExceeded",
    "CrewError",
    "EngineMisconfigured",
    "GraphRefused",
    "GraphUnavailable",
    "GuardrailFailed",
    "InputInvalid",
    "ProviderUnavailable",
    "RunStopped",
    "SubjectMissing",
    "TaskTimedOut",
    "UnknownCrew",
    "UnknownTask",
]


class CrewError(Exception):
    """A task of a crew came to nothing. The message may be shown."""

    code: ClassVar[str] = "CREW_FAILED"
    retryable: ClassVar[bool] = False


class UnknownCrew(CrewError):
    """There is no such crew."""

    code = "UNKNOWN_CREW"


class UnknownTask(CrewError):
    """The crew has no such task."""

    code = "UNKNOWN_CREW_TASK"


class InputInvalid(CrewError):
    """The run was asked for with other arguments than the crew takes."""

    code = "CREW_INPUT_INVALID"


class SubjectMissing(CrewError):
    """What the run is about is not there (any more)."""

    code = "CREW_SUBJECT_MISSING"


class GraphRefused(CrewError):
    """The graph refused an operation.

    Args:
        code: of the first error.
        message: of the first error; meant for clients.
    """

    code = "CREW_READ_REFUSED"

    def __init__(self, code: str, message: str) -> None:
        self.cause_code = code
        super().__init__(f"{message} ({code})")


class GraphUnavailable(CrewError):
    """The graph does not answer."""

    code = "CREW_GRAPH_UNAVAILABLE"
    retryable = True


class BudgetExceeded(CrewError):
    """The next call of a language model could cost more than is left.

    Args:
        wanted_micros: what the call could cost at most.
        left_micros: what is left of the run's budget, or None where the tenant's is spent.
    """

    code = "AGENT_BUDGET_EXCEEDED"

    def __init__(self, wanted_micros: int, left_micros: int | None, reason: str | None = None) -> None:
        self.wanted_micros = wanted_micros
        self.left_micros = left_micros
        left = "the tenant's budget is spent" if left_micros is None else f"{left_micros} are left of the run's"
        super().__init__(reason or f"The next call could cost {wanted_micros} micros; {left}.")


class ProviderUnavailable(CrewError):
    """The language model's provider does not answer, or refuses us."""

    code = "LLM_PROVIDER_UNAVAILABLE"
    retryable = True


class EngineMisconfigured(CrewError):
    """The settings name no engine that there is."""

    code = "LLM_MISCONFIGURED"


class RunStopped(CrewError):
    """The run may not go on.

    Args:
        code: KILL_SWITCH, AGENT_RUN_OVER.
    """

    code = "AGENT_RUN_STOPPED"

    def __init__(self, code: str, message: str) -> None:
        self.cause_code = code
        super().__init__(f"{message} ({code})")


class GuardrailFailed(CrewError):
    """The output breaks the crew's rules and was not mended.

    Args:
        problems: what is wrong with the last attempt.
    """

    code = "CREW_GUARDRAIL_FAILED"

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("The output breaks the crew's rules: " + "; ".join(problems))


class TaskTimedOut(CrewError):
    """The task took longer than it may."""

    code = "CREW_TIMED_OUT"
    retryable = True
