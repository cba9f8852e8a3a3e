"""Request ids and the access log: one structured record per operation, JSON lines where `serve` runs.

The engine only emits records; where they go is the application's choice. `configure_logging` is what `serve` chooses.
"""

import logging
import os
import random
import re
import sys
import time
from functools import lru_cache
from typing import Any, TextIO

import orjson

from router.hooks import RequestContext

__all__ = [
    "JsonFormatter",
    "JsonHandler",
    "access_logger",
    "configure_logging",
    "harmless_id",
    "log_access",
    "new_request_id",
]

access_logger = logging.getLogger("router.access")

# A client's own id is kept, so that its log and ours can be joined, unless it could do harm in ours.
SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")

# Names, not secrets. A generator of our own: nobody seeds it, and a process that forks goes on with other numbers.
_ids = random.Random()  # noqa: S311
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.seed)


def new_request_id() -> str:
    """32 random hexadecimal digits."""
    return f"{_ids.getrandbits(128):032x}"


def harmless_id(client_id: str | None) -> str | None:
    """The client's `x-request-id` if it can do no harm in our log, else None."""
    return client_id if client_id is not None and SAFE_REQUEST_ID.fullmatch(client_id) else None


def log_access(context: RequestContext, *, status: int, duration_s: float, codes: list[str], size_bytes: int) -> None:
    """Write the request's line.

    Args:
        duration_s: from its arrival to its answer.
        codes: `extensions.code` of each error.
        size_bytes: of the response's body.
    """
    if not access_logger.isEnabledFor(logging.INFO):
        return
    fields: dict[str, Any] = {
        **context.log_fields,
        "request_id": context.request_id,
        "method": context.method,
        "path": context.path,
        "operation": context.operation_name,
        "status": status,
        "duration_ms": round(duration_s * 1000, 3),
        "fetches": context.fetches,
        "bytes": size_bytes,
    }
    if context.client is not None:
        fields["client"] = context.client
    if context.plan_cache:
        fields["plan_cache"] = context.plan_cache
    if context.estimated_cost is not None:
        fields["cost"] = context.estimated_cost
    if codes:
        fields["errors"] = codes
    writer = _only_writer()
    if writer is None:
        access_logger.info("request", extra={"fields": fields})
    else:
        begin = {"time": _time_of(time.time()), "level": "INFO", "logger": "router.access", "message": "request"}
        writer.write_line({**begin, **fields})


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, and the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        entry: dict[str, Any] = {
            "time": _time_of(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(fields, dict):
            entry.update(fields)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _json(entry)


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes JSON lines; those of the access log, one per request, without making records of them first."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonFormatter())

    def write_line(self, entry: dict[str, Any]) -> None:
        """Write what the formatter would make of a record. Raises nothing, as logging does not."""
        try:
            line = _json(entry) + "\n"
            self.acquire()
            try:
                self.stream.write(line)
                self.stream.flush()
            finally:
                self.release()
        except Exception:  # noqa: BLE001  a full disk is no reason to refuse a request
            self.handleError(logging.makeLogRecord({"msg": "request", "fields": entry}))


def _only_writer() -> JsonHandler | None:
    """The handler that gets the access log's records, if it is ours and nobody else has a say about them."""
    logger: logging.Logger | None = access_logger
    if access_logger.filters:
        return None
    while logger is not None and not logger.handlers and logger.propagate:
        logger = logger.parent
    if logger is None or len(logger.handlers) != 1 or (logger.parent is not None and logger.propagate):
        return None
    handler = logger.handlers[0]
    if type(handler) is not JsonHandler or handler.filters or handler.level > logging.INFO:
        return None
    return handler


def _json(entry: dict[str, Any]) -> str:
    return orjson.dumps(entry, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _time_of(seconds: float) -> str:
    """Unix seconds as text (UTC, milliseconds)."""
    whole = int(seconds)
    return f"{_second_of(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def _second_of(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all records as JSON lines to standard error (or `stream`), replacing earlier handlers of the root logger."""
    logging.basicConfig(level=level.upper(), handlers=[JsonHandler(stream or sys.stderr)], force=True)
