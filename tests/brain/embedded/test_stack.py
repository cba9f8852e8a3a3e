"""What `brain up` starts for given settings: only what the settings do not name already."""

import json
import stat
from pathlib import Path

import pytest

from brain.config import BrainSettings
from brain.context_keys import key_set, new_secret, read_secrets
from brain.embedded import data_folder
from brain.embedded.component import Component
from brain.embedded.data_folder import DataFolder, open_data_folder
from brain.embedded.process import EmbeddedError
from brain.embedded.stack import Stack, brain_url, build_stack, subgraph_names
from brain.saleor.links import read_links_file

SUPERGRAPH = """
enum join__Graph {
  A @join__graph(name: "identity", url: "http://127.0.0.1:8002/identity/graphql")
  B @join__graph(name: "crm", url: "http://127.0.0.1:8002/crm/graphql")
}
"""
DATABASE = "postgresql://u:pw@db.example:5432/brain"
REDIS = "redis://:pw@cache.example:6379/0"
ELSEWHERE = {"temporal_address": "temporal.example:7233", "vault_address": "https://vault.example:8200"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setattr(data_folder, "_OPEN_PLACE", tmp_path / "open")
    return open_data_folder(tmp_path / "data")


@pytest.fixture
def supergraph(tmp_path: Path) -> Path:
    path = tmp_path / "supergraph.graphql"
    path.write_text(SUPERGRAPH)
    return path


def names(stack: Stack) -> list[str]:
    return [component.name for component in stack.components]


def find(stack: Stack, name: str) -> Component:
    return next(component for component in stack.components if component.name == name)


def test_everything_is_started_by_default(folder: DataFolder, supergraph: Path) -> None:
    stack = build_stack(BrainSettings(supergraph=supergraph), folder)
    assert names(stack) == [
        *("postgres", "redis", "temporal", "openbao", "vault", "migrate", "seed"),
        *("vault-database", "logins", "subgraphs", "brain", "worker", "graphiql"),
    ]
    settings = stack.settings
    open_ = {name for name, value in settings.model_dump().items() if value is None}
    optional = {name for name in open_ if name.startswith(("saleor_", "engine_", "superset_", "cms_", "media_"))}
    assert open_ - optional == {"provider_gateway", "router_config", "vault_ca_file"}, "there need not be such files"
    environment = find(stack, "brain").launch().environment
    assert environment is not None
    assert environment["BRAIN_SUBGRAPHS_URL"] == f"http://127.0.0.1:{folder.noted_port('subgraphs')}"
    assert environment["BRAIN_IDENTITY_JWKS_URL"].endswith("/identity/.well-known/jwks.json")
    for name in ("identity", "crm"):
        keys = Path(environment["BRAIN_CONTEXT_KEYS_FILE"].replace("{name}", name))
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        assert keys.parent.name == name


def test_shops_are_in_a_stand_in_unless_the_settings_say_where(folder: DataFolder, supergraph: Path) -> None:
    with supergraph.open("a") as file:
        file.write('enum join__Graph { C @join__graph(name: "saleor", url: "http://saleor.invalid/") }')
    settings = BrainSettings(supergraph=supergraph)
    stack = build_stack(settings, folder)
    assert names(stack)[-5:] == ["subgraphs", "saleor", "brain", "worker", "graphiql"]
    port = folder.noted_port("saleor")
    assert stack.settings.saleor_url == f"http://127.0.0.1:{port}/saleor/{{tenant}}/graphql/"
    assert stack.settings.saleor_links_file is not None
    assert {"acme", "globex"} == read_links_file(stack.settings.saleor_links_file).keys()
    for name in ("migrate", "seed"):
        assert "--stand-ins" in find(stack, name).launch().argv
    assert find(stack, "vault-database").launch().argv[-1] == "identity,crm,saleor"
    assert not (folder.path / "keys" / "saleor").exists(), "it has no business with our keys"
    elsewhere = settings.model_copy(update={"saleor_url": "https://shop.example/graphql/"})
    for other in (elsewhere, settings.model_copy(update={"demo_data": False})):
        stack = build_stack(other, folder)
        assert "saleor" not in names(stack)
        assert "--stand-ins" not in find(stack, "migrate").launch().argv
        assert stack.settings.saleor_url == other.saleor_url
        assert find(stack, "vault-database").launch().argv[-1] == "identity,crm"


def test_what_the_settings_name_is_used_not_started(folder: DataFolder, supergraph: Path) -> None:
    settings = BrainSettings(supergraph=supergraph, database_url=DATABASE, redis_url=REDIS, **ELSEWHERE)
    stack = build_stack(settings, folder)
    # And no demo data in somebody's database.
    assert names(stack) == ["migrate", "subgraphs", "brain", "worker", "graphiql"]
    assert stack.settings.temporal_ui_url is None, "only its operator knows"
    assert (stack.settings.database_url, stack.settings.redis_url) == (DATABASE, REDIS)
    assert "seed" in names(build_stack(settings.model_copy(update={"demo_data": True}), folder))


def test_logins_that_somebody_else_keeps_are_used(folder: DataFolder, supergraph: Path) -> None:
    file = folder.path / "{name}.json"
    stack = build_stack(BrainSettings(supergraph=supergraph, database_credentials_file=file), folder)
    assert "vault" in names(stack)
    assert "logins" not in names(stack)
    assert stack.settings.database_credentials_file == file
    # A Vault that is not ours makes none that we know of: the contexts' roles have a password.
    external = BrainSettings(supergraph=supergraph, vault_address=ELSEWHERE["vault_address"])
    assert build_stack(external, folder).settings.database_credentials_file is None


def test_with_subgraphs_elsewhere_no_database_is_needed(folder: DataFolder, supergraph: Path) -> None:
    settings = BrainSettings(supergraph=supergraph, subgraphs_url="http://{name}:8002", redis_url=REDIS, **ELSEWHERE)
    stack = build_stack(settings, folder)
    assert names(stack) == ["brain", "graphiql"]
    assert stack.settings.identity_jwks_url == "http://identity:8002/identity/.well-known/jwks.json"
    assert stack.settings.demo_data is False


def test_demo_data_is_written_once_per_database(folder: DataFolder, supergraph: Path) -> None:
    settings = BrainSettings(supergraph=supergraph, demo_data=True)
    find(build_stack(settings, folder), "seed").on_done()
    assert "seed" not in names(build_stack(settings, folder))
    assert "seed" in names(build_stack(settings.model_copy(update={"database_url": DATABASE}), folder))
    with folder.locked():
        folder.wipe()
    assert "seed" in names(build_stack(settings, folder))


def test_keys_are_derived_from_a_secret_that_the_settings_name(folder: DataFolder, supergraph: Path) -> None:
    first = build_stack(BrainSettings(supergraph=supergraph), folder).settings
    assert first.context_secret_file is not None
    assert first.context_keys_file is not None
    crm = Path(str(first.context_keys_file).replace("{name}", "crm"))
    before = crm.read_text()
    first.context_secret_file.unlink()
    named = folder.path / "named.secret"
    named.write_text(new_secret().line())
    stack = build_stack(BrainSettings(supergraph=supergraph, context_secret_file=named), folder)
    assert stack.settings.context_secret_file == named
    assert not first.context_secret_file.exists()
    assert crm.read_text() != before
    assert json.loads(crm.read_text()) == key_set(read_secrets(named), "crm")


@pytest.mark.parametrize("text", [None, "type Query { x: Int }"])
def test_a_missing_or_wrong_supergraph_names_the_remedy(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "s.graphql"
    if text is not None:
        path.write_text(text)
    with pytest.raises(EmbeddedError, match="make schema"):
        subgraph_names(path)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),
        ("::", "http://[::1]:8001"),
        ("::1", "http://[::1]:8001"),
        ("localhost", "http://localhost:8001"),
    ],
)
def test_the_brain_is_reached_at(host: str, url: str) -> None:
    assert brain_url(BrainSettings(host=host)) == url


def test_the_cms_has_a_process_of_its_own(folder: DataFolder, supergraph: Path) -> None:
    with supergraph.open("a") as file:
        file.write('\n# @join__graph(name: "content", url: "")\n')
    stack = build_stack(BrainSettings(supergraph=supergraph), folder)
    assert names(stack)[names(stack).index("subgraphs") + 1] == "content"
    launched = {component.name: component.launch() for component in stack.components}
    assert launched["content"].argv[-6:-1] == ("--only", "content", "--host", "127.0.0.1", "--port")
    together = launched["subgraphs"].argv[launched["subgraphs"].argv.index("--only") + 1]
    assert "content" not in together.split(",")
    assert stack.settings.cms_url == f"http://127.0.0.1:{launched['content'].argv[-1]}"
    assert stack.settings.subgraph_base("content") == f"{stack.settings.cms_url}/content"
    assert stack.settings.media_folder == folder.path / "media"
    assert "content" not in names(build_stack(BrainSettings(supergraph=supergraph, cms_url="http://cms.test"), folder))
