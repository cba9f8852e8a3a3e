"""A campaign looked at before it is sent, and measured after it, by stated rules.

Concerns, if their condition holds: nobody is reached; more than half of whom the segment finds cannot be; two variants
with the same texts; a text that does not greet by name; a subject of more than 70 characters or in capitals.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from brain.crews.errors import SubjectMissing
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["audience", "content", "measure"]

_LAUNCHED: Final = frozenset({"PLANNED", "WAITING_FOR_APPROVAL", "FAILED"})
_LONG_SUBJECT: Final = 70


def audience(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """Whom the campaign reaches."""
    found = (yield Call("read_audience")).get("campaignAudience")
    if found is None:
        raise SubjectMissing("There is no such campaign, or it has no segment.")
    campaign = found["campaign"]
    if campaign["status"] not in _LAUNCHED:
        raise SubjectMissing(f"The campaign is {campaign['status']}; it must be planned before it is launched.")
    summary = f"{found['reachable']} people can be reached of {found['people']} whom the segment finds."
    return {
        "version": campaign["version"],
        "filter": found["filter"],
        "people": found["people"],
        "reachable": found["reachable"],
        "summary": summary,
    }


def content(given: Given) -> Playbook:
    """What they get, and what a person should look at."""
    before = given.earlier.get("audience") or {}
    campaign = (yield Call("read_content")).get("campaign")
    if campaign is None or "version" not in before:
        raise SubjectMissing("There is no such campaign.")
    variants = campaign["variants"]
    concerns = [*_of_audience(before), *_of_texts(variants)]
    texts = "1 text" if len(variants) == 1 else f"{len(variants)} texts"
    looked = f"; {len(concerns)} things to look at" if concerns else ""
    return {
        **{name: before[name] for name in ("version", "filter", "people", "reachable")},
        "concerns": concerns[:20],
        "summary": f"Send {texts} to {before['reachable']} people{looked}.",
    }


def measure(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """What came of it."""
    campaign = (yield Call("read_results")).get("campaign")
    if campaign is None:
        raise SubjectMissing("There is no such campaign.")
    metrics = campaign["metrics"]
    names = {variant["id"]: variant["name"] for variant in campaign["variants"]}
    findings = [
        f"Variant {names[each['variantId']]} is {'better' if each['difference'] > 0 else 'worse'} than the control by "
        f"{each['by'].lower()} (p = {each['pValue']:.3f})."
        for each in campaign["comparisons"]
        if each["isSignificant"]
    ]
    if metrics["unknown"]:
        findings.append(f"Of {metrics['unknown']} messages nobody knows whether they were sent.")
    numbers = {name: metrics[name] for name in ("recipients", "sent", "opened", "clicked", "converted", "unsubscribed")}
    summary = f"{numbers['sent']} of {numbers['recipients']} messages were sent, {numbers['opened']} opened."
    return {**numbers, "findings": findings[:20], "summary": summary}


def _of_audience(before: Mapping[str, Any]) -> Iterator[str]:
    if not before["reachable"]:
        yield "Nobody is reached."
    elif before["reachable"] * 2 < before["people"]:
        yield "More than half of whom the segment finds cannot be reached."


def _of_texts(variants: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    texts = [(variant["subject"], variant["body"]) for variant in variants]
    if len(set(texts)) < len(texts):
        yield "Two variants have the same texts."
    for variant in variants:
        name, subject = variant["name"], variant["subject"] or ""
        if "contact." not in variant["body"] + subject:
            yield f"Variant {name} greets nobody by name."
        if len(subject) > _LONG_SUBJECT:
            yield f"The subject of variant {name} has more than {_LONG_SUBJECT} characters."
        if subject.isupper():
            yield f"The subject of variant {name} is in capitals."
