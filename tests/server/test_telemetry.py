import io
import json
import logging
import re

import pytest

from router.hooks import RequestContext
from router.server.telemetry import JsonFormatter, harmless_id, log_access, new_request_id


def context() -> RequestContext:
    return RequestContext("rid-12345", "POST", "/graphql", {}, client="127.0.0.1", operation_name="Me")


def test_harmless_client_ids_are_kept() -> None:
    assert harmless_id("abc-123.X:y_z") == "abc-123.X:y_z"


@pytest.mark.parametrize(
    "given", [None, "", "short", "x" * 129, "with space", "line\nbreak", 'quo"te-12345', "ümlaut-12345"]
)
def test_other_ids_are_not(given: str | None) -> None:
    assert harmless_id(given) is None


def test_made_ids_are_32_hexadecimal_digits_and_new_each_time() -> None:
    made = {new_request_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)


def test_a_line_has_what_operators_ask_for() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("router.access")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        request = context()
        request.log_fields["tenant"] = "acme"
        request.fetches = 3
        log_access(request, status=200, duration_s=0.5, codes=["X"], size_bytes=12)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    line = json.loads(out.getvalue())
    assert line.pop("duration_ms") == 500
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "router.access",
        "message": "request",
        "tenant": "acme",
        "request_id": "rid-12345",
        "method": "POST",
        "path": "/graphql",
        "operation": "Me",
        "status": 200,
        "fetches": 3,
        "bytes": 12,
        "client": "127.0.0.1",
        "errors": ["X"],
    }


def test_hooks_cannot_forge_the_lines_own_fields(caplog: pytest.LogCaptureFixture) -> None:
    request = context()
    request.log_fields["status"] = 1
    with caplog.at_level(logging.INFO, "router.access"):
        log_access(request, status=200, duration_s=0.001, codes=[], size_bytes=0)
    assert caplog.records[-1].fields["status"] == 200  # type: ignore[attr-defined]


def test_the_formatter_takes_what_json_does_not_have() -> None:
    record = logging.makeLogRecord({"msg": "m", "fields": {"a": object(), 1: "x"}})
    assert json.loads(JsonFormatter().format(record))["1"] == "x"


def test_the_formatter_keeps_the_cause_on_one_line() -> None:
    try:
        int("why")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    text = JsonFormatter().format(logging.makeLogRecord({"msg": "m", "exc_info": info}))
    assert "\n" not in text
    assert "ValueError: invalid literal" in json.loads(text)["exception"]
