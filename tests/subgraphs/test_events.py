"""What contexts tell one another: schemas that may not break, and the commands that look after events."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from resolvers.context import RequestContext
from resolvers.events.backlog import backlog_of
from subgraphs.__main__ import create_app, main
from subgraphs.event_commands import write_schemas

COMMITTED = Path(__file__).parents[2] / "schema" / "events"


@pytest.fixture
def in_environment(subgraph_settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("database_url", "database_app_password", "redis_url"):
        monkeypatch.setenv(f"BRAIN_{name.upper()}", getattr(subgraph_settings, name).get_secret_value())


def copied(folder: Path) -> Path:
    for file in COMMITTED.glob("*.json"):
        (folder / file.name).write_text(file.read_text())
    return folder


def test_schemas_are_as_committed(tmp_path: Path) -> None:
    assert main(["events", "schemas", "--out", str(tmp_path / "new")]) == 0
    written = {file.name: file.read_text() for file in (tmp_path / "new").iterdir()}
    assert written == {file.name: file.read_text() for file in COMMITTED.iterdir()}


def test_a_change_that_breaks_readers_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = copied(tmp_path) / "directory.review_posted.v1.json"
    before = json.loads(file.read_text())
    before["properties"]["stars"] = {"type": "integer"}
    before["properties"]["title"] = {"type": "integer"}
    file.write_text(json.dumps(before))
    assert write_schemas(tmp_path) == 1
    said = capsys.readouterr().err
    assert "the field 'stars' was removed. Declare version 2 beside it." in said
    assert "the field 'title' has another type" in said
    assert json.loads(file.read_text()) == before


def test_an_event_that_is_not_declared_any_more_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied(tmp_path) / "directory.forgotten.v1.json").write_text("{}")
    assert write_schemas(tmp_path) == 1
    assert "directory.forgotten.v1.json: no context declares this any more" in capsys.readouterr().err


def test_events_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "list"]) == 0
    assert "directory.review_posted v1, about review_id: " in capsys.readouterr().out


def test_a_replay_names_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "replay", "--only", "crm"]) == 2
    assert "--all" in capsys.readouterr().err


@pytest.mark.usefixtures("in_environment")
async def test_the_dead_are_shown_and_revived(
    start_subgraph: Any, subgraph_settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await start_subgraph("crm")
    event_id, tenant_id = uuid4(), uuid4()
    connection = await asyncpg.connect(subgraph_settings.database_url.get_secret_value())
    try:
        await connection.execute(
            "insert into crm.parked_events (tenant_id, subscription, event_id, stream, aggregate, entry, tries, reason,"
            " next_try_at, died_at) values ($1, 'some', $2, 'events:no', 'a', '{}', 6, 'KeyError: why', now(), now())",
            tenant_id,
            event_id,
        )
        assert await asyncio.to_thread(main, ["events", "dead", "--only", "crm", "--tenant", str(tenant_id)]) == 0
        shown = capsys.readouterr().out
        assert f"crm {event_id} tenant {tenant_id} some" in shown
        assert "KeyError: why" in shown
        assert await asyncio.to_thread(main, ["events", "backlog", "--only", "crm"]) == 0
        counted = r"crm: \d+ unconfirmed \(the oldest \d+ s old\), 0 tried again, 1 dead\n"
        assert re.fullmatch(counted, capsys.readouterr().out)
        assert await asyncio.to_thread(main, ["events", "replay", "--only", "crm", str(event_id)]) == 0
        assert "crm: 1 to be tried again" in capsys.readouterr().out
        assert await connection.fetchval("select died_at from crm.parked_events where event_id = $1", event_id) is None
        assert await asyncio.to_thread(main, ["events", "resend", "--only", "crm", "--since", "2100-01-01"]) == 0
        assert "crm: 0 to be sent again" in capsys.readouterr().out
    finally:
        await connection.execute("delete from crm.parked_events where event_id = $1", event_id)
        await connection.close()


async def test_a_process_relays_and_counts(start_subgraph: Any, subgraph_settings: Any) -> None:
    directory = await start_subgraph("directory")
    from subgraphs.directory.events import ReviewPosted

    async with directory.database.session(RequestContext.system(uuid4())) as session:
        session.publish(ReviewPosted(uuid4(), uuid4(), "Café", uuid4(), 5, "", datetime.now(UTC)))
    app = create_app(["directory"], subgraph_settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://subgraphs.test") as client:
            metrics = (await client.get("/metrics")).text
    assert 'brain_events_dead{context="directory"} 0.0' in metrics
    assert (await backlog_of(directory.database)).context == "directory"
