"""How long a run waits for what, and how often it asks again."""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

__all__ = ["ACTION", "CREW", "CREW_IN_ALL", "HEARTBEAT", "SHORT", "TASK", "UNTIL_DONE", "WRITE"]

# What the run must write down is tried until it is written: a graph that is away for a day costs the run a day.
UNTIL_DONE: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
# How often a crew that fails is asked again, the activity knows: a graph that is away is no failure of the crew.
CREW: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=100
)
CREW_IN_ALL: Final = timedelta(hours=1)
ACTION: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60), maximum_attempts=100
)
SHORT: Final = timedelta(seconds=30)
WRITE: Final = timedelta(minutes=2)
TASK: Final = timedelta(minutes=5)
HEARTBEAT: Final = timedelta(seconds=30)
