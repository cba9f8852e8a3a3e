"""Playbooks: what a crew does without a language model. Stated rules over what its tools give, always the same.

A playbook is a generator function: it yields tools to call, is sent what they gave, and returns the task's output.

    def score(given: Given) -> Playbook:
        data = yield Call("read_lead")
        return {"value": ..., "reasons": [...]}
"""

from brain.crews.playbooks import (
    campaign_launch,
    incident_healer,
    lead_scoring,
    product_search,
    product_validation,
    review_response,
    supply_check,
    support_answer,
    tenant_analyst,
    trade_proposal,
)
from brain.crews.playbooks.steps import Call, Given, Playbook, PlaybookFunction

__all__ = ["PLAYBOOKS", "Call", "Given", "Playbook", "PlaybookFunction"]

PLAYBOOKS: dict[tuple[str, str], PlaybookFunction] = {
    ("campaign_launch", "audience"): campaign_launch.audience,
    ("campaign_launch", "content"): campaign_launch.content,
    ("campaign_launch", "measure"): campaign_launch.measure,
    ("incident_healer", "diagnose"): incident_healer.diagnose,
    ("incident_healer", "propose"): incident_healer.propose,
    ("lead_scoring", "score"): lead_scoring.score,
    ("product_search", "search"): product_search.search,
    ("product_validation", "validate"): product_validation.validate,
    ("review_response", "check"): review_response.check,
    ("review_response", "draft"): review_response.draft,
    ("supply_check", "look"): supply_check.look,
    ("support_answer", "answer"): support_answer.answer,
    ("tenant_analyst", "gather"): tenant_analyst.gather,
    ("tenant_analyst", "report"): tenant_analyst.report,
    ("trade_proposal", "propose"): trade_proposal.propose,
}
"""By crew and task."""
