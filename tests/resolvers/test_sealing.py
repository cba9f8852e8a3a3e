"""Sealed columns without a Vault; with one, see the tests of the contexts that have such columns."""

import uuid

import pytest
from sqlalchemy.dialects import postgresql

from resolvers.errors import SealedAway
from resolvers.sealing import Sealed, SealedText, Seals

TENANT = uuid.uuid4()


@pytest.mark.parametrize("typed", ["+44 20", "", "vault:v1:bm9uZQ==", "typed:x", "typed:vault:v1:x", "ünï"])
async def test_without_a_vault_values_are_kept_as_typed(typed: str) -> None:
    seals = Seals()
    (kept,) = await seals.seal(TENANT, [typed])
    assert isinstance(kept, Sealed)
    assert await seals.seal(TENANT, [kept]) == [kept]
    assert await seals.unseal(TENANT, [kept]) == [typed]
    # What was just typed and never stored is itself.
    assert await seals.unseal(TENANT, [typed]) == [typed]


async def test_what_a_vault_has_sealed_is_not_shown_without_it() -> None:
    with pytest.raises(SealedAway, match="none is set up"):
        await Seals().unseal(TENANT, [Sealed("vault:v1:bm9uZQ==")])
    with pytest.raises(SealedAway):
        await Seals().renewed(TENANT, ["x"])


def test_the_column_takes_sealed_values_only() -> None:
    process = SealedText().bind_processor(postgresql.dialect())
    assert process is not None
    with pytest.raises(TypeError, match="sealed first"):
        process("x")
    assert process(Sealed("x")) == "x"
    assert process(None) is None
