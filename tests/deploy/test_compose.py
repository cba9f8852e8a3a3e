"""docker-compose.yml: what can be held to without Docker. Its form is checked by `make check`."""

import runpy
from pathlib import Path

import pytest
import yaml

from brain.config import BrainSettings, variable
from brain.embedded.keys import ensure_unseal_key
from brain.embedded.openbao import program
from brain.embedded.ports import free_port
from brain.embedded.process import Launch, end_group, start
from brain.embedded.stack import subgraph_names
from brain.saleor.links import read_links_file
from brain.vault.setup import initialise

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_its_settings_exist() -> None:
    known = {variable(name) for name in BrainSettings.model_fields}
    for name, service in COMPOSE["services"].items():
        ours = {key for key in service.get("environment", {}) if key.startswith("BRAIN_")}
        assert ours <= known, name


def test_every_subgraph_has_its_container() -> None:
    names = subgraph_names(ROOT / "schema" / "supergraph.graphql")
    assert {*names} <= COMPOSE["services"].keys()
    assert {*names} <= COMPOSE["services"]["brain"]["depends_on"].keys()


def test_the_demo_tenants_are_linked_to_the_stand_in() -> None:
    links = read_links_file(ROOT / "deploy" / "saleor-links.yaml")
    local = read_links_file(ROOT / "brain" / "saleor" / "demo_links.yaml")
    port = COMPOSE["services"]["saleor"]["command"][-3]
    for slug, link in links.items():
        assert link == {**local[slug], "url": f"http://saleor:{port}/saleor/{slug}/graphql/"}
    assert links.keys() == local.keys()


def test_every_volume_is_declared_and_ours_are_made_with_their_owner() -> None:
    made = (ROOT / "deploy" / "Dockerfile").read_text()
    for name, service in COMPOSE["services"].items():
        for mount in service.get("volumes", []):
            volume, place, *_ = mount.split(":")
            assert volume in COMPOSE["volumes"], (name, volume)
            if place.startswith(("/keys/", "/logins/")):
                assert f" {place} " in f"{made.replace(chr(92), ' ')} ".replace("\n", " "), (name, place)


def test_openbao_starts_with_its_configuration(tmp_path: Path) -> None:
    port, cluster = free_port(), free_port()
    text = (ROOT / "deploy" / "openbao.hcl").read_text().replace("/openbao/data", str(tmp_path))
    for there, here in (
        ("openbao:8200", port),
        ("0.0.0.0:8200", port),
        ("openbao:8201", cluster),
        ("0.0.0.0:8201", cluster),
    ):
        assert there in text
        text = text.replace(there, f"127.0.0.1:{here}")
    (tmp_path / "openbao.hcl").write_text(text)
    ensure_unseal_key(tmp_path / "unseal.key")
    launch = Launch((str(program()), "server", f"-config={tmp_path / 'openbao.hcl'}"))
    with (tmp_path / "log").open("wb") as log:
        child = start(launch, log)
    try:
        assert initialise(f"http://127.0.0.1:{port}", tmp_path)
    finally:
        end_group(child, launch)


def test_what_the_image_copies_is_let_through() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_dashboards_are_embedded_where_it_is_said_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUPERSET_SECRET_KEY", "SUPERSET_POSTGRES_PASSWORD", "SUPERSET_GUEST_SECRET"):
        monkeypatch.setenv(name, f"of-{name}")
    monkeypatch.setenv("SUPERSET_EMBEDDED_IN", "https://portal.example https://admin.example")
    config = runpy.run_path(str(ROOT / "deploy" / "superset" / "superset_config.py"))
    assert config["FEATURE_FLAGS"] == {"EMBEDDED_SUPERSET": True}
    framed = config["TALISMAN_CONFIG"]["content_security_policy"]["frame-ancestors"]
    assert framed == ["'self'", "https://portal.example", "https://admin.example"]
    assert config["GUEST_TOKEN_JWT_SECRET"] != config["SECRET_KEY"]
    assert config.keys() >= {"SQLALCHEMY_DATABASE_URI", "GUEST_ROLE_NAME"}
    given = COMPOSE["services"]["superset"]["environment"].keys()
    assert {
        "SUPERSET_SECRET_KEY",
        "SUPERSET_POSTGRES_PASSWORD",
        "SUPERSET_GUEST_SECRET",
        "SUPERSET_EMBEDDED_IN",
    } <= given


def test_what_is_not_asked_for_is_not_started() -> None:
    optional = {name for name, service in COMPOSE["services"].items() if service.get("profiles")}
    assert optional == {"superset", "superset-postgres", "superset-setup"}
    for name, service in COMPOSE["services"].items():
        if name not in optional:
            assert not optional & {*service.get("depends_on", {})}, name
