"""Rules are held against the schemas of events, and mean what they say."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from subgraphs.analytics.consumers import SUBSCRIPTIONS
from subgraphs.analytics.domain.catalogue import NOT_COUNTED, RULES
from subgraphs.analytics.domain.metrics import METRICS
from subgraphs.analytics.domain.rules import EventRule, Key, Measure, Subject, Unit, amounts, observe

SCHEMAS = Path(__file__).parents[4] / "schema" / "events"
TENANT = uuid4()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sample(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """A value of a schema that has everything."""
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: sample(each, definitions) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], definitions)] * 2
        case "integer" | "number":
            return 3
        case "boolean":
            return True
    return {"date-time": NOW.isoformat(), "uuid": str(UUID(int=7))}.get(
        schema.get("format", ""), "7.5" if "pattern" in schema else "text"
    )


@pytest.mark.parametrize("rule", [pytest.param(rule, id=f"{rule.event}.v{rule.version}") for rule in RULES.values()])
def test_a_rule_fits_its_event(rule: EventRule) -> None:
    schema = json.loads((SCHEMAS / f"{rule.event}.v{rule.version}.json").read_text())
    assert set(rule.needed()) <= set(schema["required"]), "what an event may lack cannot be relied on"
    assert set(rule.fields()) <= set(schema["properties"])
    data = sample(schema, schema.get("$defs", {}))
    observed = observe(rule, data, event_id=uuid4(), tenant_id=TENANT, told_at=NOW.replace(day=2))
    if rule.at is not None:
        assert observed.at == NOW
    assert set(observed.subjects) == set(rule.subjects)
    for amount in amounts(rule, observed.values):
        metric = METRICS[amount.key.metric]
        assert amount.key.dimension in ("", *metric.dimensions)
        assert (amount.key.unit != "") == (metric.unit is Unit.MONEY)
    for measure in rule.measures:
        assert set(measure.where) <= set(schema["required"])
        assert set(measure.dimensions) == set(METRICS[measure.metric].dimensions)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.event) for rule in RULES.values()])
def test_addresses_are_not_kept(rule: EventRule) -> None:
    schema = json.loads((SCHEMAS / f"{rule.event}.v{rule.version}.json").read_text())
    for name in ("email", "phone", "customer_name", "name"):
        if name in schema["properties"]:
            assert name not in rule.kept()
            assert name not in rule.traits.values()
        assert all(subject.personal for subject in rule.subjects.values() if subject.field == name)


def test_every_event_is_counted_or_said_why_not() -> None:
    told = {(name, int(version)) for name, _, version in (file.stem.rpartition(".v") for file in SCHEMAS.glob("*"))}
    left = {each for each in told if each[0] not in NOT_COUNTED}
    assert left == set(RULES), "what is new needs an entry in subgraphs/analytics/domain/catalogue.py"
    assert set(NOT_COUNTED) <= {name for name, _ in told}
    assert all(len(reason) > 20 for reason in NOT_COUNTED.values())


def test_every_metric_is_counted_and_every_rule_is_listened_to() -> None:
    assert {measure.metric for rule in RULES.values() for measure in rule.measures} == set(METRICS)
    assert {(each.event, each.version) for each in SUBSCRIPTIONS} == set(RULES)
    assert len({each.name for each in SUBSCRIPTIONS}) == len(SUBSCRIPTIONS)


RULE = EventRule(
    "shop.sold",
    1,
    (
        Measure("sales", "total", "currency", {"channel": "channel"}),
        Measure("retail", where={"wholesale": "false"}),
        Measure("pieces", "lines.quantity", dimensions={"sku": "lines.sku"}, each="lines"),
    ),
    at="at",
    subjects={"customer": Subject("email", personal=True)},
)
SOLD = {
    "total": "19.90",
    "currency": "eur",
    "channel": None,
    "wholesale": True,
    "lines": [{"sku": "a", "quantity": 1, "note": "secret"}, {"sku": "b", "quantity": 2}, {"sku": "a", "quantity": 4}],
    "at": "2026-02-01T10:00:00+02:00",
    "email": " Ada@Shop.example",
}


def observed(**changes: Any) -> Any:
    return observe(RULE, {**SOLD, **changes}, event_id=uuid4(), tenant_id=TENANT, told_at=NOW)


def test_amounts_are_summed_by_key() -> None:
    found = {amount.key: (amount.total, amount.events) for amount in amounts(RULE, observed().values)}
    assert found == {
        Key("sales", "EUR"): (Decimal("19.90"), 1),
        Key("sales", "EUR", "channel", ""): (Decimal("19.90"), 1),
        Key("pieces"): (Decimal(7), 3),
        Key("pieces", "", "sku", "a"): (Decimal(5), 2),
        Key("pieces", "", "sku", "b"): (Decimal(2), 1),
    }


def test_a_measure_is_taken_where_its_condition_holds() -> None:
    retail = {amount.key: amount.events for amount in amounts(RULE, observed(wholesale=False).values)}
    assert retail[Key("retail")] == 1


def test_what_was_not_kept_counts_for_nothing() -> None:
    """A fact from before the rule read more of it."""
    older = {name: value for name, value in observed(wholesale=False).values.items() if name != "wholesale"}
    assert {amount.key.metric for amount in amounts(RULE, older)} == {"sales", "pieces"}


def test_what_is_kept_is_what_is_read() -> None:
    kept = observed()
    assert kept.at == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert "secret" not in str(kept)
    assert "ada@" not in str(kept).lower()
    assert kept.subjects == observed(email="ada@shop.example ").subjects
    assert kept.subjects != observed(email="ben@shop.example").subjects
    assert observed(email="").subjects == {}
    elsewhere = observe(RULE, SOLD, event_id=uuid4(), tenant_id=uuid4(), told_at=NOW)
    assert kept.subjects != elsewhere.subjects


@pytest.mark.parametrize(
    "at", ["1970-01-01T00:00:00Z", "2026-03-02T12:00:01Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+09:00"]
)
def test_a_moment_that_cannot_be_is_when_it_was_told(at: str) -> None:
    assert observed(at=at).at == NOW


@pytest.mark.parametrize(
    "changes",
    [{"total": "NaN"}, {"total": "x"}, {"total": True}, {"at": "2026-01-01T00:00:00"}, {"lines": "no"}, {"email": 7}],
)
def test_what_is_no_such_event_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no "):
        observed(**changes)
