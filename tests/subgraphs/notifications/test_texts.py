"""Texts: what a tenant may write, and that what is filled in stays text."""

import re

import pytest

from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.domain.templates import SECRET_MARK, TENANT_URL, as_html, rendered
from subgraphs.notifications.domain.texts import Text, locales_for

SHOWN = "template { kind locale subject body isOwn placeholders }"
PREVIEW = """query ($locale: String!, $subject: String, $body: String) {
  previewNotificationTemplate(kind: TASK_DUE, locale: $locale, subject: $subject, body: $body) { subject text html }
}"""


async def test_a_tenants_own_text_is_used_until_it_is_reset(tenant):
    own = {"kind": "TASK_DUE", "locale": "DE-ch", "subject": "Grüezi: {{ title }}", "body": "{{dueAt}} {{ tenantUrl }}"}
    made = (await tenant.done("setNotificationTemplate", SHOWN, own))["template"]
    assert (made["locale"], made["isOwn"]) == ("de-ch", True)
    assert made["placeholders"] == ["title", "dueAt", "tenantUrl"]
    await tenant.done("updateNotificationSettings", "settings { url }", {"url": "https://x.example", "locale": "de"})
    shown = (await tenant.data(PREVIEW, {"locale": "de-CH"}))["previewNotificationTemplate"]
    assert (shown["subject"], shown["text"]) == ("Grüezi: [title]", "[dueAt] https://x.example")
    assert '<a href="https://x.example">https://x.example</a>' in shown["html"]
    assert (await tenant.data(PREVIEW, {"locale": "fr"}))["previewNotificationTemplate"]["subject"] == "Fällig: [title]"
    tried = {"locale": "en", "subject": "Now: {{ title }}"}
    assert (await tenant.data(PREVIEW, tried))["previewNotificationTemplate"]["subject"] == "Now: [title]"
    used = (await tenant.data("{ notificationTemplates(kinds: TASK_DUE) { locale isOwn } }"))["notificationTemplates"]
    assert [(each["locale"], each["isOwn"]) for each in used] == [("de", False), ("de-ch", True), ("en", False)]
    back = await tenant.done("resetNotificationTemplate", SHOWN, {"kind": "TASK_DUE", "locale": "de-ch"})
    assert (back["template"]["subject"], back["template"]["isOwn"]) == ("Fällig: {{ title }}", False)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"body": "{{ password }}"}, "body asks for {{ password }}; there are business, code, minutes, tenantUrl."),
        ({"body": "Hello"}, "body must have {{ code }}: it is what the message is sent for."),
        ({"subject": "{{ code }}"}, "subject asks for {{ code }}; there are business, minutes, tenantUrl."),
        ({"body": "{{ code }} {{ 1 + 1 }}"}, "body has braces that are no placeholder: write {{ name }}."),
        ({"subject": "a\nb"}, "subject must be one line."),
        ({"subject": " "}, "subject must have 1 to 200 characters."),
        ({"locale": "english"}, None),
        ({"locale": "../en"}, "locale must be a language tag such as en or de-CH."),
    ],
)
async def test_what_is_no_text(tenant, changes, problem):
    given = {"kind": "CLAIM_CODE", "locale": "en", "subject": "Code", "body": "{{ code }}", **changes}
    payload = await tenant.mutate("setNotificationTemplate", SHOWN, given)
    if problem is None:
        assert payload["errors"][0]["code"] == "BAD_USER_INPUT"
    else:
        assert payload["errors"][0]["message"] == problem


def test_values_are_put_in_once_and_stay_text():
    text = Text("{{ title }}", "{{ title }} and {{ dueAt }}: {{ code }}")
    evil = {"title": f"{{{{ dueAt }}}}\r\nBcc: x@x.example <b>{SECRET_MARK}", "dueAt": "tomorrow"}
    shown = rendered(text, evil)
    assert not {"\n", "\r"} & set(shown.subject)
    assert "{{ dueAt }}" in shown.subject, "what a value says is not read again"
    assert SECRET_MARK not in shown.subject
    assert shown.body.count(SECRET_MARK) == 1
    assert "<b>" not in as_html(shown.body)


def test_only_the_text_s_own_addresses_and_the_tenant_s_are_links():
    text = Text("{{ title }}", "{{ title }}: {{ tenantUrl }}/tasks, or https://help.example/?a=1&b=2.")
    evil = "Pay at HTTPS://evil.example/pay or http://evil.example"
    shown = rendered(text, {"title": evil, TENANT_URL: "https://acme.example"})
    assert shown.subject == "Pay at HTTPS[:]//evil.example/pay or http[:]//evil.example"
    html = as_html(shown.body)
    assert re.findall('<a href="([^"]*)">', html) == ["https://acme.example/tasks", "https://help.example/?a=1&amp;b=2"]
    assert '">https://help.example/?a=1&amp;b=2</a>.' in html


def test_languages_are_looked_for_in_order():
    assert locales_for("de-CH", None, "fr") == ("de-ch", "de", "fr", "en")
    assert set(NotificationKind)
