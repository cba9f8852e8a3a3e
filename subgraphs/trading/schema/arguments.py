"""Arguments, enumerations and scopes that several fields share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from resolvers.errors import BadUserInput
from subgraphs.trading.domain.values import AssetKind, BarInterval, BarSource

__all__ = [
    "INTERNAL",
    "MAX_BARS",
    "READ",
    "WRITE",
    "BarFirst",
    "BarLast",
    "ExpectedVersion",
    "IdArgument",
    "IntervalArgument",
    "under",
    "utc",
]

READ = "trading:read"
WRITE = "trading:write"
INTERNAL = ("internal",)

MAX_BARS = 1000

strawberry.enum(AssetKind, description="What an instrument is: a share, a fund, a pair of currencies, a coin.")
strawberry.enum(BarInterval, description="How long a bar is; days begin at 00:00 UTC.")
strawberry.enum(BarSource, description="Where a bar is from: IMPORTED, or GENERATED for demonstration.")

ExpectedVersion = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."
IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]
IntervalArgument = Annotated[BarInterval, strawberry.argument(description="How long a bar is.")]
BarFirst = Annotated[
    int | None, strawberry.argument(description=f"At most so many from the start; 0 to {MAX_BARS}, default 20.")
]
BarLast = Annotated[
    int | None, strawberry.argument(description=f"At most so many from the end; 0 to {MAX_BARS}. Not with first.")
]


def utc(moment: datetime) -> datetime:
    """A moment in UTC; one without an offset is taken as such.

    Raises:
        BadUserInput: beyond the calendar.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadUserInput("This moment is out of range.") from None


@contextmanager
def under(argument: str) -> Iterator[None]:
    """Puts the argument's name before the path of a wrong value that does not begin with it."""
    try:
        yield
    except BadUserInput as error:
        if error.path[:1] != (argument,):
            error.path = (argument, *error.path)
        raise
