"""Texts that are filled in: what they may ask for is known when they are saved."""

import time

import pytest

from subgraphs.campaigns.domain.errors import TemplateInvalid
from subgraphs.campaigns.domain.templates import VARIABLES, check_template, filled

ADA = {**dict.fromkeys(VARIABLES, ""), "contact.name": "Ada Lovelace", "contact.firstName": "Ada"}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Dear {{ contact.firstName }}", "Dear Ada"),
        ("{{ contact.company | default('you') | upper }}", "YOU"),
        (
            "{% if contact.company %}{{ contact.company }}{% elif contact.name %}{{ contact.name }}{% endif %}\n",
            "Ada Lovelace\n",
        ),
        ("100 % sure {# not said #}", "100 % sure "),
    ],
)
def test_texts_are_filled_in(source, text):
    check_template("body", source)
    assert filled(source, ADA) == text


def test_what_somebody_is_called_is_not_read_as_a_template():
    assert filled("{{ contact.name }}", {**ADA, "contact.name": "{{ contact.email }}"}) == "{{ contact.email }}"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a\n{{ contact.nmae }}", "There is no variable contact.nmae"),
        ("{{ name }}", "There is no variable name"),
        ("{{ contact }}", "There is no variable contact;"),
        ("{{ contact.name ", "end of print statement"),
        ("{% if contact.name %}", "expected"),
        ("{{ contact.name | tojson }}", "There is no filter tojson|No filter named"),
        ("{{ contact.name | default(contact.email) }}", "texts in quotes"),
        ("{{ contact.name.__class__ }}", "not allowed"),
        ("{{ contact['name'] }}", "not allowed"),
        ("{{ contact.name.upper() }}", "not allowed"),
        ("{{ ''.__class__.__mro__ }}", "not allowed"),
        ("{% for x in contact %}{% endfor %}", "not allowed"),
        ("{% set x = 'a' %}", "not allowed"),
        ("{% include 'x' %}", "not allowed"),
        ("{{ 'a' * 1000000000 }}", "not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "not allowed"),
        ("{{ cycler.__init__.__globals__ }}", "not allowed"),
        ("{% filter upper %}x{% endfilter %}", "not allowed"),
        ("{{ contact.name" + " | upper" * 4000 + " }}", "no template"),
        ("{% if contact.name %}" * 3000, "no template|expected"),
    ],
)
def test_what_does_more_or_asks_for_what_is_not_there_is_refused(source, problem):
    with pytest.raises(TemplateInvalid, match=problem) as caught:
        check_template("body", source)
    assert caught.value.code == "TEMPLATE_INVALID"
    assert caught.value.line == (2 if source.startswith("a\n") else 1)


def test_filling_in_takes_no_more_than_the_text():
    source = "{{ contact.name | upper }}" * 700
    check_template("body", source)
    began = time.process_time()
    assert len(filled(source, ADA)) == 700 * len("Ada Lovelace")
    assert time.process_time() - began < 5
