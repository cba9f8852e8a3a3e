"""The whole platform, started once for all tests here with `brain up`, as a newcomer starts it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from brain.embedded.ports import free_port

from .instance import Instance

START_WITHIN_S = 280

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1440,960",
)


@dataclass
class Platform:
    """A running platform, and how to talk to it."""

    url: str
    data_dir: Path
    output: Path
    client: httpx.Client
    providers_port: int = 0
    """Where the worker looks for the providers of integrations; nobody is there until a test is."""
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, user: str | None = None, **headers: str
    ) -> httpx.Response:
        """POST a query, as a demo user (`ada@acme`) if one is named; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            sent["authorization"] = f"Bearer {self.token(user)}"
        return self.client.post("/graphql", json={"query": query, "variables": variables or {}}, headers=sent)

    def data(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> Any:
        """The answer's data; fails if there is any error."""
        response = self.ask(query, variables, **options)
        body = response.json()
        assert response.status_code == 200, body
        assert "errors" not in body, body["errors"]
        return body["data"]

    def token(self, user: str) -> str:
        """An access token of a demo user (`ada@acme`), one for all tests."""
        if user not in self.tokens:
            self.tokens[user] = self.log_in(user)["accessToken"]
        return self.tokens[user]

    def log_in(self, user: str) -> Any:
        """Fresh tokens of a demo user."""
        key, tenant = user.split("@")
        given = {"email": f"{key}@{tenant}.example", "password": f"demo-{tenant}-{key}"}
        return self.data(LOG_IN, {"input": given})["logIn"]["tokens"]

    def logs(self) -> str:
        """Everything that any part has logged so far."""
        return "\n".join(path.read_text(errors="replace") for path in (self.data_dir / "logs").glob("*.log"))


LOG_IN = """
mutation LogIn($input: LogInInput!) {
  logIn(input: $input) { tokens { accessToken refreshToken } errors { code message } }
}
"""


@pytest.fixture(scope="package")
def platform() -> Iterator[Platform]:
    """`brain up` on a folder and a port of its own."""
    folder = Path(tempfile.mkdtemp(prefix="brain-e2e-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user where we are root
    data_dir, output, port = folder / "data", folder / "output.txt", free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRAIN_")}
    providers_port = free_port()
    environment["BRAIN_PROVIDER_GATEWAY"] = f"127.0.0.1:{providers_port}"
    environment["BRAIN_OIDC_LOOPBACK"] = "true"  # identity providers of tests run here
    command = [str(Path(sys.executable).parent / "brain"), "up", "--port", str(port), "--data-dir", str(data_dir)]
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            wait_until_ready(process, client, output)
            yield Platform(url, data_dir, output, client, providers_port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        finally:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(process: "subprocess.Popen[bytes]", client: httpx.Client, output: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"`brain up` ended with {process.returncode}:\n{output.read_text(errors='replace')}")
        if re.search(r"^ready in", output.read_text(errors="replace"), re.MULTILINE):
            answer = client.get("/ready")
            assert answer.status_code == 200, answer.text
            return
        time.sleep(0.1)
    pytest.fail(f"`brain up` was not ready within {START_WITHIN_S} s:\n{output.read_text(errors='replace')}")


def codes(response: httpx.Response) -> list[str]:
    """`extensions.code` of each error."""
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


def pretty(value: Any) -> str:
    return json.dumps(value, indent=1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, too."""
    path = Path(tempfile.mkdtemp(prefix="brain-up-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def instances() -> Iterator[list[Instance]]:
    """Where a test puts its instances, so that they end with it."""
    started: list[Instance] = []
    yield started
    for instance in started:
        instance.kill()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-screenshot", action="store_true", help="renew docs/assets/graphiql.png")
    parser.addoption("--killed-runs", type=int, default=4, help="how many runs of agents are to survive kills")


@pytest.fixture(scope="package")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield browser
    finally:
        browser.quit()
