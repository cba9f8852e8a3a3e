"""Settings: where they come from, which source wins, what a wrong one says."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from brain.config import CONFIG_VARIABLE, BrainSettings, ConfigError, load_settings, variable
from brain.config_reference import json_schema, table
from resolvers.settings import Settings
from subgraphs.agents.engine_settings import EngineSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def yaml_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A brain.yaml in use, in an environment that has no setting of ours."""
    for name in os.environ:
        if name.startswith("BRAIN_"):
            monkeypatch.delenv(name)
    path = tmp_path / "brain.yaml"
    path.write_text("")
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    return path


def test_defaults_are_the_local_ones(yaml_file: Path) -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.token_issuer) == ("127.0.0.1", 8001, "brain")
    assert settings.data_dir == ROOT / ".brain"
    assert settings.supergraph == ROOT / "schema" / "supergraph.graphql"
    assert settings.database_url is None


def test_argument_beats_environment_beats_file(yaml_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_file.write_text("port: 9001\nlog_level: debug\ntoken_issuer: file\n")
    monkeypatch.setenv("BRAIN_PORT", "9002")
    monkeypatch.setenv("BRAIN_LOG_LEVEL", "warning")
    settings = load_settings(port=9003, log_level=None)
    assert (settings.port, settings.log_level, settings.token_issuer) == (9003, "warning", "file")


def test_an_empty_variable_counts_as_missing(yaml_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAIN_REDIS_URL", "")
    assert load_settings().redis_url is None


def test_paths_in_the_file_are_relative_to_it(yaml_file: Path) -> None:
    yaml_file.write_text("data_dir: data\ncontext_keys_file: keys/{name}.json\nsupergraph: /abs/s.graphql\n")
    settings = load_settings()
    assert settings.data_dir == yaml_file.parent / "data"
    assert settings.context_keys_file == yaml_file.parent / "keys" / "{name}.json"
    assert settings.supergraph == Path("/abs/s.graphql")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot: 8002", "prot in .*: there is no such setting; did you mean `port`?"),
        ("zzz: 1", "zzz in .*: there is no such setting$"),
        ("port: many", r"BRAIN_PORT \(or port in .*valid integer"),
        ("port: 70000", "BRAIN_PORT .*less than or equal to 65535"),
        ("database_url: mysql://x/y", "BRAIN_DATABASE_URL .*scheme"),
        ("subgraphs_url: localhost:4000", "BRAIN_SUBGRAPHS_URL"),
        ("log_level: loud", "BRAIN_LOG_LEVEL .*'debug'"),
        ("[1, 2]", "names and values at its top level"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_setting_is_named(yaml_file: Path, text: str, message: str) -> None:
    yaml_file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings()


def test_a_missing_named_file_is_an_error(yaml_file: Path) -> None:
    yaml_file.unlink()
    with pytest.raises(ConfigError, match="BRAIN_CONFIG names"):
        load_settings()


def test_secrets_stay_out_of_the_representation(yaml_file: Path) -> None:
    settings = load_settings(
        database_url="postgresql://u:hunter22@h/d", redis_url="redis://:hunter22@h", database_app_password="hunter22"
    )
    assert "hunter22" not in repr(settings)


def test_environment_gives_the_same_settings_back(yaml_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_file.write_text("port: 9001\ndemo_data: false\ndata_dir: here\nredis_url: redis://:pw@r:1/0\n")
    before = load_settings()
    variables = before.environment()
    yaml_file.write_text("")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == before


def test_the_schema_accepts_and_refuses_what_the_program_does(yaml_file: Path) -> None:
    validator = Draft202012Validator(json.loads(json_schema()))
    assert validator.is_valid({"port": 8002, "log_level": "info", "data_dir": "x", "demo_data": True})
    for wrong in ({"prot": 1}, {"port": 0}, {"log_level": "loud"}, {"subgraphs_url": "localhost"}):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize(
    ("path", "generate"), [("schema/brain.schema.json", json_schema), ("docs/reference/settings.md", table)]
)
def test_the_generated_files_are_current(path: str, generate: object) -> None:
    assert callable(generate)
    assert (ROOT / path).read_text(encoding="utf-8") == generate(), "run `make schema`"


def test_every_setting_is_in_the_table_with_its_readers() -> None:
    for name in BrainSettings.model_fields:
        assert f"| `{variable(name)}` | `{name}` |" in table()


def test_what_the_subgraphs_read_is_in_the_table() -> None:
    read = {*Settings.model_fields, *EngineSettings.model_fields}
    noted = {
        name
        for name, field in BrainSettings.model_fields.items()
        if "subgraphs" in field.json_schema_extra["x-read-by"]
    }
    assert read == noted
    for name in ("token_issuer", "database_pool_size"):
        assert Settings.model_fields[name].default == BrainSettings.model_fields[name].default


def test_each_subgraph_can_have_a_host_of_its_own() -> None:
    together = load_settings(subgraphs_url="http://127.0.0.1:8002/")
    apart = load_settings(subgraphs_url="http://{name}:8002")
    assert together.subgraph_base("crm") == "http://127.0.0.1:8002/crm"
    assert apart.subgraph_base("crm") == "http://crm:8002/crm"


def test_a_wrong_option_is_blamed_on_the_option(yaml_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^--port 99999: Input should be less than or equal to 65535$"):
        load_settings(port=99999)
    monkeypatch.setenv("BRAIN_PORT", "99999")
    with pytest.raises(ConfigError, match=r"^BRAIN_PORT \(or port in "):
        load_settings(port=None)
