"""The generic cell rate algorithm: a token bucket whose whole state is one moment.

The moment says until when what was taken fills the bucket: each request moves it on by the interval between two, from
now at the earliest. A request fits if the moment stays within the burst. All times are whole microseconds, so that sums
are exact here and in Redis.

Source: ITU-T I.371, annex A, virtual scheduling.
"""

from dataclasses import dataclass

__all__ = ["Rate", "Standing"]

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A rule in numbers.

    Attributes:
        interval_us: between two requests at the steady rate.
        capacity_us: of the bucket: `interval_us` times the burst.
    """

    interval_us: int
    capacity_us: int

    @classmethod
    def of(cls, limit: int, per_s: int, burst: int) -> "Rate":
        """So many in so many seconds; rounded to the slower side."""
        interval_us = -(-per_s * SECOND_US // limit)
        return cls(interval_us, interval_us * burst)

    def standing(self, filled_us: int) -> "Standing":
        """What a bucket that is filled so far, after what was taken, lets its client do."""
        remaining = max(self.capacity_us - filled_us, 0) // self.interval_us
        wait_us = max(filled_us + self.interval_us - self.capacity_us, 0)
        return Standing(remaining, wait_us, filled_us)

    def fits(self, filled_us: int) -> bool:
        """Whether one more fits into a bucket that is filled so far."""
        return filled_us + self.interval_us <= self.capacity_us


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands with a rule.

    Attributes:
        remaining: requests that would be let through at once.
        wait_us: until there is room for one.
        reset_us: until the bucket is empty again.
    """

    remaining: int
    wait_us: int
    reset_us: int
