import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import OperationError, PlanningError, RequestRefused, SubgraphError
from router.server.responses import GRAPHQL_RESPONSE_JSON, JSON, Rejected, negotiate, rejection_of, status_of


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, GRAPHQL_RESPONSE_JSON),
        ("", GRAPHQL_RESPONSE_JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("Application/JSON; charset=UTF-8", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE_JSON),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL_RESPONSE_JSON),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE_JSON),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL_RESPONSE_JSON),
        ("application/json, application/graphql-response+json;q=0.9", JSON),
        ("application/json, application/graphql-response+json", JSON),
        ("application/graphql-response+json, application/json", GRAPHQL_RESPONSE_JSON),
        ("application/*", GRAPHQL_RESPONSE_JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("application/json;q=0, */*", GRAPHQL_RESPONSE_JSON),
        ("text/html, application/json;q=0.1", JSON),
        ("application/graphql-response+json;charset=latin1, application/json", JSON),
    ],
)
def test_negotiation(accept: str | None, chosen: str) -> None:
    assert negotiate(accept) == chosen


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json;q=0", "application/json;q=none", "application/json;charset=latin1", "json", ","],
)
def test_what_cannot_be_answered_is_refused(accept: str) -> None:
    with pytest.raises(Rejected) as caught:
        negotiate(accept)
    assert caught.value.status == 406


@given(st.text(alphabet='application/json*,;q=.01+graphql-respons \t"x', max_size=80))
def test_negotiation_never_breaks(accept: str) -> None:
    try:
        outcome: object = negotiate(accept)
    except Rejected as refused:
        outcome = refused.status
    assert outcome in (JSON, GRAPHQL_RESPONSE_JSON, 406)


def test_what_is_not_meant_for_clients_is_masked_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    for error in (ValueError("password=hunter2"), SubgraphError("secret host", subgraph="a")):
        with caplog.at_level(logging.ERROR, "router.server"):
            rejected = rejection_of(error, "rid-12345")
        assert rejected.status == 500
        assert rejected.errors == [
            {
                "message": "Internal server error",
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": "rid-12345"},
            }
        ]
        record = caplog.records[-1]
        assert record.exc_info is not None
        assert record.exc_info[1] is error
        assert record.fields["request_id"] == "rid-12345"  # type: ignore[attr-defined]


def test_a_refusal_is_shown_as_it_is() -> None:
    refusal = RequestRefused(
        "Log in first.", "UNAUTHENTICATED", 401, {"www-authenticate": "Bearer"}, {"hint": "x", "code": "OTHER"}
    )
    rejected = rejection_of(refusal, "rid")
    assert (rejected.status, rejected.json_status) == (401, 401)
    assert rejected.errors == [{"message": "Log in first.", "extensions": {"code": "UNAUTHENTICATED", "hint": "x"}}]
    assert rejected.headers == {"www-authenticate": "Bearer"}


def test_errors_of_the_document_keep_code_and_place() -> None:
    rejected = rejection_of(OperationError("No.", locations=[{"line": 1, "column": 2}]), "rid")
    assert rejected.errors == [
        {"message": "No.", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}, "locations": [{"line": 1, "column": 2}]}
    ]
    assert (rejected.status, rejected.json_status) == (422, 200)
    assert rejection_of(PlanningError("No plan."), "rid").errors[0]["extensions"]["code"] == "QUERY_PLANNING_FAILED"


def test_partial_success_has_its_own_status() -> None:
    assert status_of({"data": {}}, GRAPHQL_RESPONSE_JSON) == 200
    assert status_of({"data": None, "errors": [{}]}, GRAPHQL_RESPONSE_JSON) == 294
    assert status_of({"data": {}, "errors": [{}]}, JSON) == 200
