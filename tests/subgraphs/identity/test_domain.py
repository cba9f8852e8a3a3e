import itertools
import uuid

import pytest

from resolvers.errors import BadUserInput, Forbidden
from subgraphs.identity.domain import (
    GRANTABLE_SCOPES,
    ROLE_SCOPES,
    LastOwner,
    Role,
    check_api_key_scopes,
    check_may_grant,
    check_owner_remains,
    check_password,
    normal_email,
)


def test_each_role_may_do_what_the_next_may_and_more() -> None:
    scopes = [ROLE_SCOPES[role] for role in Role]
    for mightier, weaker in itertools.pairwise(scopes):
        assert weaker < mightier
    assert all("internal" not in each for each in scopes)
    assert {role for role in Role if "identity:admin" in ROLE_SCOPES[role]} == {Role.OWNER}


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("given", Role)
def test_nobody_gives_away_more_than_they_hold(own: Role, given: Role) -> None:
    if ROLE_SCOPES[given] <= ROLE_SCOPES[own]:
        check_may_grant(given, ROLE_SCOPES[own])
    else:
        with pytest.raises(Forbidden):
            check_may_grant(given, ROLE_SCOPES[own])


def test_keys_never_administer_and_never_approve() -> None:
    assert "internal" not in GRANTABLE_SCOPES
    for scope in ("identity:admin", "agents:admin", "agents:approve", "sourcing:approve"):
        assert scope not in GRANTABLE_SCOPES
        with pytest.raises(BadUserInput):
            check_api_key_scopes([scope], ROLE_SCOPES[Role.OWNER])


def test_who_may_approve_what_agents_do() -> None:
    approvers = {role for role in Role if "agents:approve" in ROLE_SCOPES[role]}
    assert approvers == {Role.OWNER, Role.MANAGER}
    assert {role for role in Role if "agents:admin" in ROLE_SCOPES[role]} == {Role.OWNER}
    check_api_key_scopes(GRANTABLE_SCOPES, ROLE_SCOPES[Role.OWNER])


def test_an_owner_remains() -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    check_owner_remains([one, other], one)
    for owners in ([one], [one, one]):
        with pytest.raises(LastOwner):
            check_owner_remains(owners, one)


@pytest.mark.parametrize(
    ("given", "normal"), [("a@b.example", "a@b.example"), ("  A.B+c@D.Example ", "a.b+c@d.example")]
)
def test_addresses_have_one_form(given: str, normal: str) -> None:
    assert normal_email(given) == normal


@pytest.mark.parametrize(
    "given", ["", "a", "a@", "@b.example", "a@b", "a@b.", "a@.b", "a@b@c.example", "a\0@b.example"]
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(BadUserInput) as caught:
        normal_email(given, "input", "email")
    assert caught.value.path == ("input", "email")


@pytest.mark.parametrize(("length", "good"), [(9, False), (10, True), (256, True), (257, False)])
def test_passwords_have_a_length(length: int, good: bool) -> None:
    if good:
        check_password("x" * length)
    else:
        with pytest.raises(BadUserInput):
            check_password("x" * length)
