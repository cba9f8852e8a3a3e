"""Figures of all tenants together, through the Brain: for an operator who was made at the machine, and nobody else."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from .conftest import Platform, codes

pytestmark = pytest.mark.stack

PERIOD = '{from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z"}'
OF_ALL = f"""{{ platformMetric(id: "storefront.orders") {{ series(period: {PERIOD}, granularity: MONTH) {{
  value tenants }} }} }}"""
OWN = f"""{{ metric(id: "storefront.orders") {{ total(period: {PERIOD}) {{ value }} }} }}"""
KEY = """mutation { createApiKey(input: {name: "Mine", scopes: ["platform:analytics"]}) { key errors { code } } }"""


def brain(platform: Platform, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).parent / "brain"), "operator", *arguments]
    command += ["--data-dir", str(platform.data_dir)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRAIN_")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_an_operator_sees_sums_of_all_tenants_and_nothing_of_one(platform: Platform) -> None:
    name = f"eve-{uuid4().hex[:8]}"
    added = brain(platform, "add", name)
    assert added.returncode == 0, added.stderr
    credential = f"Bearer {added.stdout.strip()}"

    def ask(query: str, **headers: str) -> Any:
        return platform.ask(query, authorization=credential, **headers)

    found = ask(OF_ALL).json()
    assert "errors" not in found, found
    (month,) = found["data"]["platformMetric"]["series"]
    own = [Decimal(platform.data(OWN, user=f"ada@{slug}")["metric"]["total"]["value"]) for slug in ("acme", "globex")]
    assert min(own) > 0
    assert Decimal(month["value"]) == sum(own)
    assert month["tenants"] == 2
    assert codes(ask(OWN)) == ["FORBIDDEN"]
    assert codes(ask("{ leads(first: 1) { totalCount } }")) == ["FORBIDDEN"]
    assert codes(ask(OF_ALL, x_tenant="acme")) == ["FORBIDDEN"]
    assert ask("{ viewer { id } tenant { id } }").json()["data"] == {"viewer": None, "tenant": None}

    assert brain(platform, "revoke", name).returncode == 0
    assert codes(ask(OF_ALL)) == ["UNAUTHENTICATED"], "at once"
    audit = brain(platform, "audit").stdout
    for action in ("added", "used", "revoked"):
        assert f"{name} {action}" in audit


def test_the_owner_of_a_tenant_is_no_operator(platform: Platform) -> None:
    assert codes(platform.ask(OF_ALL, user="ada@acme")) == ["FORBIDDEN"]
    made = platform.data(KEY, user="ada@acme")["createApiKey"]
    assert (made["key"], [error["code"] for error in made["errors"]]) == (None, ["BAD_USER_INPUT"])
    forged = f"Bearer bo_{'0' * 16}_{'k' * 43}"
    assert codes(platform.ask(OF_ALL, authorization=forged)) == ["UNAUTHENTICATED"]
