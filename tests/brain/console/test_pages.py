"""What the console's pages say, and that what outsiders wrote stays text in them."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from brain.config import project_root
from brain.console import operations
from brain.console.pages import moment, money, page
from brain.sign_in import operations as of_signing_in
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph

OPERATIONS = {**of_signing_in.OPERATIONS, **operations.OPERATIONS}
HOSTILE = '"><script>alert(1)</script></textarea><img src=x onerror=alert(2)>'


def a_run(**changes: Any) -> dict[str, Any]:
    action = {
        "index": 0, "tool": "record_lead_score", "risk": "WRITE", "arguments": {"score": 71, "note": HOSTILE},
        "argumentsHash": "h" * 64, "proposedArguments": None, "reason": HOSTILE, "readUntrusted": True,
        "status": "PROPOSED", "outcome": None, "decision": None, "editedBy": None, "editableArguments": ["score"],
    }  # fmt: skip
    run = {
        "id": "0d9b2c1e-0000-4000-8000-000000000001", "crew": "lead_scoring", "subgraph": "crm", "field": "scoreLead",
        "arguments": {"leadId": HOSTILE}, "risk": "WRITE", "status": "WAITING_FOR_APPROVAL", "phase": "APPROVE",
        "progress": 0.5, "dryRun": False, "readUntrusted": True, "note": HOSTILE, "result": None,
        "createdAt": "2026-05-04T10:11:12.345678+00:00", "startedAt": None, "endedAt": None, "engine": None,
        "cost": {"spentMicros": "0", "reservedMicros": "0", "budgetMicros": "250000", "currency": "USD"},
        "error": None, "requestedBy": {"id": "u", "name": HOSTILE}, "actions": [action], "calls": [],
        "events": [{"id": "1", "kind": "RUN_OPENED", "data": {}, "at": "2026-05-04T10:11:12+00:00"}],
    }  # fmt: skip
    return run | changes


def shown(run: dict[str, Any], **changes: Any) -> str:
    values: dict[str, Any] = {
        "run": run, "is_over": False, "last_event": "1", "problems": [], "draft": None, "temporal_ui_url": None,
    }  # fmt: skip
    return bytes(page("run", **(values | changes)).body).decode()


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of one kind of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operations_are_valid_for_everybodys_schema(name: str) -> None:
    supergraph = load_supergraph((project_root() / "schema" / "supergraph.graphql").read_text())
    schema = build_api_schema(supergraph.document)
    assert validate(schema, parse(OPERATIONS[name])) == []


@pytest.mark.parametrize("changes", [{}, {"problems": [HOSTILE]}, {"draft": (0, HOSTILE)}])
def test_what_outsiders_wrote_is_text(changes: dict[str, Any]) -> None:
    elements = Elements(shown(a_run(), **changes))
    assert [script.get("src") for script in elements.of("script")] == ["/console/static/console.js"]
    assert not elements.of("img")
    assert len(elements.of("textarea")) == 1
    assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)


def test_no_page_has_inline_scripts_or_styles_which_its_policy_would_block() -> None:
    elements = Elements(shown(a_run()))
    assert not any("style" in attributes for _, attributes in elements.found)
    assert not elements.of("style")
    policy = page("error", title="x", message="y").headers["content-security-policy"]
    assert "unsafe" not in policy


def test_each_field_has_a_label_and_each_section_a_heading() -> None:
    elements = Elements(shown(a_run()))
    labelled = {label["for"] for label in elements.of("label") if "for" in label}
    fields = [field for field in (*elements.of("input"), *elements.of("textarea")) if field.get("type") != "hidden"]
    assert fields
    assert {field["id"] for field in fields} <= labelled
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    for section in (*elements.of("section"), *elements.of("article")):
        assert section["aria-labelledby"] in ids


def test_what_waits_shows_its_arguments_in_full_and_three_ways_to_decide() -> None:
    text = shown(a_run())
    assert "&#34;score&#34;: 71" in text
    assert [button["value"] for button in Elements(text).of("button") if button.get("name") == "decision"] == [
        "APPROVE",
        "EDIT",
        "REJECT",
    ]


def test_who_edits_money_proposes_and_what_cannot_be_edited_has_no_button() -> None:
    run = a_run()
    run["actions"][0] |= {"risk": "MONEY", "editedBy": {"id": "u", "name": HOSTILE}, "proposedArguments": {"score": 7}}
    text = shown(run)
    assert "Propose as edited above" in text
    assert "somebody else approves it" in text
    assert not Elements(text).of("img")
    run["actions"][0] |= {"editableArguments": []}
    buttons = [button["value"] for button in Elements(shown(run)).of("button") if button.get("name") == "decision"]
    assert buttons == ["APPROVE", "REJECT"]


def test_what_is_decided_cannot_be_decided_again() -> None:
    run = a_run()
    decision = {"kind": "EDIT", "at": "2026-05-04T10:12:00+00:00", "note": None, "by": None}
    run["actions"][0] |= {"status": "DONE", "decision": decision, "outcome": {"lead": "1"}}
    text = shown(run)
    assert 'name="decision"' not in text
    assert re.search(r"Edit by the rules, 2026-05-04 10:12:00 UTC", text)


@pytest.mark.parametrize(("is_over", "status", "there"), [
    (False, "RUNNING", {"cancel"}), (True, "FAILED", {"retry"}), (True, "SUCCEEDED", set()),
])  # fmt: skip
def test_a_run_can_be_cancelled_until_it_ends_and_tried_again_if_it_ended_badly(
    is_over: bool, status: str, there: set[str]
) -> None:
    text = shown(a_run(status=status), is_over=is_over)
    actions = {form["action"] or "" for form in Elements(text).of("form")}
    assert {name for name in ("cancel", "retry") if any(action.endswith(f"/{name}") for action in actions)} == there
    assert ("data-events" in text) is not is_over


def test_the_temporal_console_is_linked_where_there_is_one() -> None:
    assert 'href="http://127.0.0.1:8233/x"' in shown(a_run(), temporal_ui_url="http://127.0.0.1:8233/x")


@pytest.mark.parametrize(("micros", "text"), [
    (0, "0.00 USD"), ("1234567890", "1,234.57 USD"), (10_000, "0.01 USD"), (9_999, "0.009999 USD"), (1, "0.000001 USD"),
])  # fmt: skip
def test_money_shows_parts_of_a_cent_only_where_there_is_less_than_one(micros: int | str, text: str) -> None:
    assert money(micros) == text


def test_moments_are_to_the_second() -> None:
    assert moment("2026-05-04T10:11:12.345678+00:00") == "2026-05-04 10:11:12"
    assert moment(None) == ""


def test_build_schema_is_not_fooled() -> None:
    """The check of operations above would notice a field that is not there."""
    schema = build_schema("type Query { a: Int }")
    assert validate(schema, parse("{ b }"))
