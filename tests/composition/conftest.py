from collections.abc import Iterator

import pytest

from tests.composition.oracle import Oracle, OracleUnavailable, running_oracle


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """The reference composer, or a skip with the reason why it cannot run here."""
    try:
        with running_oracle() as running:
            yield running
    except OracleUnavailable as reason:
        pytest.skip(f"no reference composer: {reason}")
