"""What may be edited of an action, and what a run may be asked with, as JSON schemas."""

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from brain.crews import load_crews
from brain.crews.actions import propose
from brain.crews.definition import ActionTemplate
from brain.crews.schemas import action_schemas, input_schema
from brain.crews.task import EngineUsed
from brain.integrations import all_crews

CREWS = load_crews()
SCORE = {"value": 71, "summary": "Well.", "reasons": ["As it is."]}


@pytest.mark.parametrize("name", all_crews())
def test_they_are_schemas(name):
    crew = all_crews()[name]
    for schema in (input_schema(crew), *(action["arguments"] for action in action_schemas(crew))):
        Draft202012Validator.check_schema(schema)
        assert "$ref" not in str(schema)


def test_what_a_crew_proposes_fits_and_what_it_is_about_is_bound():
    (score,) = action_schemas(CREWS["lead_scoring"])
    assert (score["tool"], score["risk"], score["bound"]) == (
        "record_lead_score",
        "WRITE",
        ["leadId", "engine", "model"],
    )
    (action,) = propose(CREWS["lead_scoring"], "score", {"leadId": "l1"}, SCORE, EngineUsed("PLAYBOOK"))
    free = {name: value for name, value in action.arguments.items() if name not in score["bound"]}
    valid = Draft202012Validator(score["arguments"]).is_valid
    assert valid(free)
    for wrong in ({"value": "71"}, {"value": 101}, {"reasons": []}, {"reasons": [1]}, {"leadId": "l1"}):
        assert not valid({**free, **wrong}), wrong
    assert not valid({"value": 1})


def test_constants_and_items_of_lists():
    found = {action["tool"]: action for action in action_schemas(CREWS["incident_healer"])}
    assert found["engage_kill_switch"]["bound"] == ["killSwitch"], "a constant"
    assert found["retry_run"]["arguments"]["properties"]["id"]["maxLength"] == 200, "of the list's items"
    assert action_schemas(CREWS["review_response"])[0]["bound"] == ["reviewId", "publish", "engine", "model"]


def test_what_one_of_several_templates_binds_is_bound():
    crew = CREWS["lead_scoring"]
    (template,) = crew.actions
    other = ActionTemplate(
        template.tool, template.task, None, {**template.arguments, "value": 0, "more": "$output.x"}, ""
    )
    (action,) = action_schemas(replace(crew, actions=(template, other)))
    assert action["bound"] == ["leadId", "value", "engine", "model"]
    assert [sorted(variant["properties"]) for variant in action["arguments"]["anyOf"]] == [
        ["reasons"],
        ["more", "reasons"],
    ]


def test_the_input_of_a_run():
    valid = Draft202012Validator(input_schema(all_crews()["integration_stripe"])).is_valid
    assert valid({"integration": "stripe", "goal": "Look.", "operation": None, "arguments": {}})
    for wrong in (
        {"integration": "stripe"},
        {"integration": "stripe", "goal": 1},
        {"goal": "x", "integration": "s", "y": 1},
    ):
        assert not valid(wrong)
