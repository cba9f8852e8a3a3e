"""GraphiQL in a real Chromium, against the whole platform.

pytest tests/e2e/test_graphiql.py --keep-screenshot     also renews docs/assets/graphiql.png
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import jwt
import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from brain.graphiql import find_vendor

from .conftest import Platform
from .test_isolation import resigned

pytestmark = [pytest.mark.stack, pytest.mark.browser]

T = TypeVar("T")

SCREENSHOT = Path(__file__).parents[2] / "docs/assets/graphiql.png"


class Page:
    """GraphiQL in a browser, by what a person sees."""

    def __init__(self, driver: webdriver.Chrome, platform: Platform) -> None:
        self.driver = driver
        self.platform = platform
        self.events: list[dict[str, Any]] = []
        self.looked_at = 0

    def open(self, query: str = "") -> None:
        self.driver.get(f"{self.platform.url}/graphiql{query}")
        self.wait(lambda: self.find(".graphiql-execute-button").is_displayed())
        # The schema is there once its documentation can be shown.
        self.wait(lambda: not self.driver.find_elements(By.CSS_SELECTOR, ".graphiql-spinner"))

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def shown(self, css: str) -> WebElement:
        return next(found for found in self.driver.find_elements(By.CSS_SELECTOR, css) if found.is_displayed())

    def wait(self, condition: Callable[[], T], seconds: float = 30) -> T:
        ignored = [NoSuchElementException, StaleElementReferenceException, StopIteration]
        return WebDriverWait(self.driver, seconds, 0.1, ignored).until(lambda _: condition())

    def log_in(self, user: str) -> None:
        key, tenant = user.split("@")
        self.find("#open-log-in").click()
        self.find(f'[data-email="{key}@{tenant}.example"]').click()
        self.wait(lambda: self.session.startswith(tenant))

    @property
    def session(self) -> str:
        return self.find("#session").text

    def run(self) -> Any:
        """Press the button; the answer as it came over the network, once it is on the screen, too."""
        self.find(".graphiql-execute-button").click()
        request_id = self.wait(self.finished_query)
        body = self.driver.execute_cdp_cmd("Network.getResponseBody", {"requestId": request_id})["body"]
        shown = "errors" if '"errors"' in body else "data"
        self.wait(lambda: shown in self.answer_text())
        return json.loads(body)

    def finished_query(self) -> str | None:
        """Id of a request to GraphQL that has been answered since the last one of these."""
        self.read_network()
        for event in self.events[self.looked_at :]:
            params = event["params"]
            if event["method"] == "Network.requestWillBeSent" and params["request"]["url"].endswith("/graphql"):
                asked = json.loads(params["request"].get("postData", "{}")).get("query", "")
                is_ours = not re.search(r"IntrospectionQuery|refreshTokens|logOut|logIn", asked)
                if params["request"]["method"] == "POST" and is_ours:
                    ends = [e for e in self.events if e["method"] == "Network.loadingFinished"]
                    if any(end["params"]["requestId"] == params["requestId"] for end in ends):
                        self.looked_at = len(self.events)
                        return str(params["requestId"])
        return None

    def answer_text(self) -> str:
        return self.find(".result-window").text

    def console(self) -> list[str]:
        return [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]

    def read_network(self) -> None:
        self.events += [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]

    def requests(self) -> list[dict[str, Any]]:
        """Every request of this page so far, as the browser's network log has it."""
        self.read_network()
        return [
            event["params"]["request"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
            and not event["params"].get("documentURL", "").startswith("chrome:")
        ]


@pytest.fixture
def page(driver: webdriver.Chrome, platform: Platform) -> Iterator[Page]:
    """A page that nobody has used yet."""
    if find_vendor(platform.data_dir) is None:
        pytest.skip("GraphiQL's files are not here: python -m brain.graphiql fetch")
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": platform.url, "storageTypes": "all"})
    driver.switch_to.new_window("tab")  # with a session storage of its own
    page = Page(driver, platform)
    driver.get_log("browser")
    driver.get_log("performance")
    yield page
    assert page.console() == [], "nothing is complained about"


def test_runs_a_federated_query_offline(page: Page, request: pytest.FixtureRequest) -> None:
    page.open()
    assert "Not logged in" in page.session
    page.log_in("ada@acme")
    assert page.session.split() == ["acme", "ada@acme.example", "owner"]
    answer = page.run()
    assert "errors" not in answer
    businesses = [edge["node"] for edge in answer["data"]["businesses"]["edges"]]
    assert businesses
    people = [business["owner"] for business in businesses if business["owner"]]
    leads = [edge["node"] for business in businesses for edge in business["leads"]["edges"]]
    assert people
    assert any(lead["assignee"] for lead in leads)
    assert businesses[0]["name"] in page.answer_text()

    sent = page.requests()
    hosts = {urlsplit(one["url"]).netloc for one in sent if not one["url"].startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(page.platform.url).netloc}, "no request to any other host"
    graphql = [one for one in sent if one["url"].endswith("/graphql")]
    assert graphql[-1]["headers"].get("authorization", "").startswith("Bearer ey")

    if request.config.getoption("--keep-screenshot", default=False):
        SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
        time.sleep(1)
        page.driver.save_screenshot(str(SCREENSHOT))


def test_explorer_history_and_documentation(page: Page) -> None:
    page.open()
    page.log_in("ada@acme")
    page.run()
    page.find('[aria-label="Show GraphiQL Explorer"]').click()
    page.wait(lambda: "businesses" in page.find(".graphiql-plugin").text)
    page.find('[aria-label="Show History"]').click()
    page.wait(lambda: "Overview" in page.find(".graphiql-plugin").text)
    page.find('[aria-label="Show Documentation Explorer"]').click()
    page.wait(lambda: "Mutation" in page.find(".graphiql-plugin").text)


def test_each_tenant_sees_its_own_and_logging_out_ends_it(page: Page) -> None:
    page.open()
    names = {}
    for tenant in ("acme", "globex"):
        page.log_in(f"dan@{tenant}")
        answer = page.run()
        names[tenant] = {edge["node"]["name"] for edge in answer["data"]["businesses"]["edges"]}
        page.find("#log-out").click()
        page.wait(lambda: page.session == "Not logged in")
    assert not names["acme"] & names["globex"]
    assert page.driver.execute_script("return sessionStorage.length") == 0
    answer = page.run()
    assert answer["errors"]
    assert not (answer.get("data") or {}).get("businesses")


def test_wrong_password_is_told_in_the_box(page: Page) -> None:
    page.open()
    page.find("#open-log-in").click()
    page.find("#email").send_keys("ada@acme.example")
    page.find("#password").send_keys("not the password", Keys.ENTER)
    told = page.wait(lambda: page.find("#log-in-error").text)
    assert "password" in told
    assert page.session == "Not logged in"
    page.find("#password").clear()
    page.find("#password").send_keys("demo-acme-ada", Keys.ENTER)
    page.wait(lambda: page.session.startswith("acme"))


def test_expired_token_is_renewed_before_the_query(page: Page) -> None:
    page.open()
    page.log_in("cleo@acme")
    stored = json.loads(page.driver.execute_script("return sessionStorage.getItem('brain.session')"))
    old = int(time.time()) - 1000
    expired = resigned(page.platform, "identity", stored["accessToken"], iat=old - 900, exp=old)
    page.driver.execute_script(
        "sessionStorage.setItem('brain.session', arguments[0])", json.dumps(stored | {"accessToken": expired})
    )
    page.open()
    assert page.session.split()[:2] == ["acme", "cleo@acme.example"]
    assert "errors" not in page.run()
    renewed = json.loads(page.driver.execute_script("return sessionStorage.getItem('brain.session')"))
    assert renewed["refreshToken"] != stored["refreshToken"]
    claims = jwt.decode(renewed["accessToken"], options={"verify_signature": False})
    assert claims["exp"] > time.time() + 600


def test_a_link_brings_its_query(page: Page) -> None:
    page.open("?query=%7B%20__typename%20%7D")
    assert page.run() == {"data": {"__typename": "Query"}}


def test_a_credential_typed_by_hand_wins(page: Page) -> None:
    page.open("?query=%7B%20businesses(first%3A%201)%20%7B%20totalCount%20%7D%20%7D")
    page.log_in("ada@acme")
    page.find('[data-name="headers"]').click()
    typed = ActionChains(page.driver).click(page.wait(lambda: page.shown(".graphiql-editor-tool .monaco-editor")))
    typed.send_keys('{"authorization": "Bearer typed"').perform()
    answer = page.run()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    # The browser itself notes the status 401.
    assert all("401" in line for line in page.console())
