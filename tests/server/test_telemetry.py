import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from router.hooks import RequestContext
from router.server.telemetry import JsonFormatter, configure_logging, harmless_id, log_access, new_request_id


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


# ---- lines that are written without a record ------------------------------------------------------------------------


class Seen(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The stream that all records go to, as where `serve` runs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("info", stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def write() -> None:
    request = context()
    request.log_fields |= {"tenant": "acme", "odd": object, "ü": "\n"}
    log_access(request, status=200, duration_s=0.25, codes=["X"], size_bytes=1)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    for line in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    return found


def test_a_line_is_the_same_with_and_without_a_record(out: io.StringIO) -> None:
    write()
    seen = Seen()
    logging.getLogger().addHandler(seen)  # somebody else wants records
    write()
    assert len(seen.records) == 1
    without, with_record = lines(out)
    assert without == with_record
    assert list(without) == list(with_record)
    assert without["tenant"] == "acme"


@pytest.mark.parametrize("name", ["router.access", "router", ""])
def test_whoever_has_a_say_about_records_gets_them(out: io.StringIO, name: str) -> None:
    logger, seen = logging.getLogger(name), Seen()
    logger.addHandler(seen)
    try:
        write()
    finally:
        logger.removeHandler(seen)
    assert len(seen.records) == len(lines(out)) == 1


def test_filters_and_levels_are_obeyed(out: io.StringIO) -> None:
    handler = logging.getLogger().handlers[0]
    for guard in (handler, logging.getLogger("router.access")):
        guard.addFilter(refuse)
        write()
        guard.removeFilter(refuse)
    handler.setLevel(logging.WARNING)
    write()
    handler.setLevel(logging.NOTSET)
    logging.getLogger("router").setLevel(logging.WARNING)
    write()
    logging.getLogger("router").setLevel(logging.NOTSET)
    assert lines(out) == []
    write()
    assert len(lines(out)) == 1


def refuse(_: logging.LogRecord) -> bool:
    return False


def test_a_stream_that_cannot_be_written_refuses_no_request(
    out: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out.close()
    write()
    assert "ValueError" in capsys.readouterr().err  # as logging says it
    monkeypatch.setattr(logging, "raiseExceptions", False)
    write()
    assert capsys.readouterr().err == ""
