import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from router.executor import SubgraphTraits
from router.server.config import InvalidConfig, RouterConfig, config_schema, load_config
from router.server.subgraphs import traits_of
from router.yaml_text import InvalidYaml, read_yaml

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    file = folder / "router.yaml"
    file.write_text(text)
    return file


def test_every_setting_has_a_default(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "")) == RouterConfig()


def test_reads_all_sections(tmp_path: Path) -> None:
    config = load_config(
        write(
            tmp_path,
            """
            graphql_paths: [/api]
            introspection: false
            limits: {max_depth: 7}
            cors: {allow_origins: ["https://shop.example"], allow_credentials: true}
            batching: {enabled: true, max_operations: 3}
            headers: {propagate: [X-Tenant]}
            subgraphs:
              products:
                routing_url: http://products.internal/graphql
                timeout_s: 2.5
                headers: {insert: {x-secret: abc}}
                max_representations: 50
                one_type_per_call: true
                batching: false
              reviews: {}
            """,
        )
    )
    assert config.graphql_paths == ("/api",)
    assert config.limits.max_depth == 7
    assert config.limits.max_aliases == RouterConfig().limits.max_aliases
    assert config.cors is not None
    assert config.cors.allow_credentials
    assert config.headers.propagate == ("x-tenant",), "header names are lower case"
    assert config.subgraphs["products"].timeout_s == 2.5
    assert traits_of(config) == {"products": SubgraphTraits(50, True, False), "reviews": SubgraphTraits()}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("limit: {max_depth: 7}", "limit"),
        ("limits: {max_dept: 7}", "limits.max_dept"),
        ("limits: {max_depth: 0}", "limits.max_depth"),
        ("limits: {max_depth: deep}", "limits.max_depth"),
        ("graphql_paths: []", "graphql_paths"),
        ("graphql_paths: [graphql]", "graphql_paths.0"),
        ("subgraphs: {a: {routing_url: 'file:///etc/passwd'}}", "subgraphs.a.routing_url"),
        ("subgraphs: {a: {timeout_s: -1}}", "subgraphs.a.timeout_s"),
        ("subgraphs: {a: {max_representations: 0}}", "subgraphs.a.max_representations"),
        ("headers: {propagate: [host]}", "headers.propagate.0"),
        ("headers: {propagate: ['a b']}", "headers.propagate.0"),
        ('headers: {insert: {x-a: "b\\nc"}}', "headers.insert.x-a"),
        ("- a\n- b", "the file"),
        ("cors: {allow_origin_regex: '('}", "cors.allow_origin_regex"),
        ("cors: {allow_origins: ['*'], allow_credentials: true}", "cors"),
        ("headers: {propagate: [x-a], insert: {x-a: b}}", "the file"),
        ("headers: {propagate: [x-a]}\nsubgraphs: {s: {headers: {insert: {x-a: b}}}}", "the file"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(write(tmp_path, text))
    assert f"{place}: " in caught.value.message
    assert caught.value.code == "INVALID_ROUTER_CONFIG"


@pytest.mark.parametrize("text", ["a: [", "\t- a"])
def test_what_is_not_yaml_is_said_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidConfig, match="not YAML"):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"none\.yaml: No such file"):
        load_config(tmp_path / "none.yaml")


def test_is_immutable() -> None:
    with pytest.raises(ValidationError):
        RouterConfig().introspection = False  # type: ignore[misc]


def test_the_committed_schema_is_current() -> None:
    """Regenerate with `python -m router config-schema --out schema/router-config.schema.json`."""
    assert json.loads((ROOT / "schema/router-config.schema.json").read_text()) == config_schema()


def test_the_schema_accepts_and_refuses_what_the_model_does() -> None:
    Draft202012Validator.check_schema(config_schema())
    validator = Draft202012Validator(config_schema())
    assert validator.is_valid(yaml.safe_load("limits: {max_depth: 7}\nsubgraphs: {a: {timeout_s: 1}}"))
    assert not validator.is_valid(yaml.safe_load("limits: {max_dept: 7}"))
    assert not validator.is_valid(yaml.safe_load("limits: {max_depth: 0}"))


# ---- values from elsewhere ------------------------------------------------------------------------------------------


def test_values_come_from_the_environment_and_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTH", "7")
    monkeypatch.setenv("HOST", "products.internal")
    (tmp_path / "key").write_text("0123\n")
    file = write(
        tmp_path,
        """
        introspection: ${env.INTROSPECTION:-false}
        limits: {max_depth: "${env.DEPTH}"}
        headers: {insert: {x-key: "${file.key}", x-both: "a ${env.HOST} b ${env.NONE:-c}"}}
        subgraphs:
          products: {routing_url: "http://${env.HOST}/graphql"}
        """,
    )
    config = load_config(file)
    assert (config.introspection, config.limits.max_depth) == (False, 7)
    assert config.headers.insert == {"x-key": "0123", "x-both": "a products.internal b c"}
    assert config.subgraphs["products"].routing_url == "http://products.internal/graphql"


def test_what_is_not_there_is_named_with_its_place(tmp_path: Path) -> None:
    text = 'cors: {allow_origins: ["${env.NO_SUCH_VARIABLE}"]}\nheaders: {insert: {x-key: "${file.none}"}}'
    with pytest.raises(InvalidConfig) as caught:
        load_config(write(tmp_path, text))
    assert "cors.allow_origins.0: the environment has no variable NO_SUCH_VARIABLE" in str(caught.value)
    assert "headers.insert.x-key: " in str(caught.value)
    assert "none: No such file or directory" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limit: {}", "limit: no such setting; did you mean `limits`?"),
        ("limits: {max_dept: 3}", "limits.max_dept: no such setting; did you mean `max_depth`?"),
        ("cors: {allow_origin: [a]}", "cors.allow_origin: no such setting; did you mean `allow_origins`?"),
        (
            "subgraphs: {products: {timout_s: 1}}",
            "subgraphs.products.timout_s: no such setting; did you mean `timeout_s`?",
        ),
        (
            "subgraphs: {products: {headers: {insrt: {}}}}",
            "subgraphs.products.headers.insrt: no such setting; did you mean `insert`?",
        ),
        ("batching: {zzz: 1}", "batching.zzz: no such setting; known here: enabled, max_operations"),
    ],
)
def test_unknown_settings_get_a_suggestion(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config(write(tmp_path, text))
    assert said in str(caught.value)


# ---- what would be passed over in silence ---------------------------------------------------------------------------


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load_config(write(folder, text))
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: {max_depth: 1}\nintrospection: false\nlimits: {}", "line 3: limits: this key is on line 1 already"),
        ("limits:\n  max_depth: 1\n  'max_depth': 2", "line 3: limits.max_depth: this key is on line 2 already"),
        ("a: &x {b: 1, b: 2}", "line 1: a.b: "),
        ("subgraphs:\n  a: {}\n  b: {}\n  a: {}", "line 4: subgraphs.a: "),
        ("graphql_paths:\n- /a\n- {b: 1, b: 1}", "line 3: graphql_paths.1.b: "),
    ],
)
def test_a_key_twice_is_refused(tmp_path: Path, text: str, said: str) -> None:
    message = refusal(tmp_path, text)
    assert said in message
    assert "remove one" in message


def test_a_merge_may_be_overridden(tmp_path: Path) -> None:
    text = "subgraphs:\n  a: &a {timeout_s: 1, max_representations: 2}\n  b: {<<: *a, timeout_s: 3}"
    b = load_config(write(tmp_path, text)).subgraphs["b"]
    assert (b.timeout_s, b.max_representations) == (3, 2)


def test_aliases_cost_no_more_than_what_is_written() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert len(read_yaml("\n".join(lines)).content) == 40
    assert read_yaml("a: &a [*a]").line(("a", 0)) == 1


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 10_000, "? {a: 1}\n: b", "a: 2026-99-99", "a: 1\n---\nb: 2", "a: !!python/none"]
)
def test_what_cannot_be_read_is_no_yaml(text: str) -> None:
    with pytest.raises(InvalidYaml, match="not YAML"):
        read_yaml(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nhealth_path: /graphql", "line 2: health_path: '/graphql' is graphql_paths.0 already"),
        ("readiness_path: /health", "readiness_path: '/health' is health_path already"),
        ("metrics:\n  path: /ready", "line 2: metrics.path: '/ready' is readiness_path already"),
        ("graphql_paths: [/g, /g]", "graphql_paths.1: '/g' is graphql_paths.0 already"),
        (
            "graphql_paths: [/cb/g]\nsubscriptions:\n  callback: {public_url: http://x/cb, path: /cb}",
            "line 3: subscriptions.callback.path: all below '/cb' is taken, and '/cb/g' is graphql_paths.0",
        ),
        ("subscriptions: {callback: {public_url: http://x/c, path: /health}}", "subscriptions.callback.path: "),
        ("subscriptions: {callback: {public_url: http://x/c, path: /c/}}", "subscriptions.callback.path: "),
    ],
)
def test_paths_that_clash_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/graphql", "http"),
        ("host/graphql", "http"),
        ("http://", "http"),
        ("http:///graphql", "no host"),
        ("http://host/a b", "%20"),
        ("http://host/a\u00a0b", "no spaces"),
        ("http://me:hunter2@host/", "headers.insert"),
        ("http://hunter2@host/", "headers.insert"),
        ("http://host:99999/", "Port"),
        ("http://host:x/", "Port"),
        ("http://[::1/", "URL"),
        ("http://host/#a", "fragment"),
    ],
)
@pytest.mark.parametrize("setting", ["routing_url", "subscription.url"])
def test_urls_that_lead_nowhere_are_refused(tmp_path: Path, setting: str, url: str, said: str) -> None:
    outer, _, inner = setting.partition(".")
    value = json.dumps({outer: {inner: url} if inner else url})
    message = refusal(tmp_path, f"subgraphs:\n  a: {value}")
    assert f"line 2: subgraphs.a.{setting}: " in message
    assert said in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url", ["http://host", "https://host:8443/a/?b=c", "http://[::1]:4001/graphql", "http://bücher.example/"]
)
def test_urls_that_lead_somewhere_are_taken(tmp_path: Path, url: str) -> None:
    config = load_config(write(tmp_path, f"subgraphs: {{a: {{routing_url: '{url}'}}}}"))
    assert config.subgraphs["a"].routing_url == url


@pytest.mark.parametrize(
    "value",
    [
        "${env.HOST",
        "a ${env.HOST b",
        "${env.HOST:-x",
        "${file.key",
        "${env}",
        "${ENV.HOST}",
        "${env:HOST}",
        "${env.A:-${env.HOST}}",
    ],
)
def test_what_refers_to_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOST", "secret-value")
    message = refusal(tmp_path, f"headers:\n  insert:\n    x-key: {json.dumps(value)}")
    assert "line 3: headers.insert.x-key: " in message
    assert "secret-value" not in message


def test_other_dollars_are_text(tmp_path: Path) -> None:
    text = "headers: {insert: {x-a: '$env.A', x-b: '${A}', x-c: '$'}}"
    assert set(load_config(write(tmp_path, text)).headers.insert.values()) == {"$env.A", "${A}", "$"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("limits: {max_depth: true}", "limits.max_depth"),
        ("limits: {request_timeout_s: yes}", "limits.request_timeout_s"),
        ("subgraphs: {a: {max_representations: on}}", "subgraphs.a.max_representations"),
        ("traffic: {max_client_requests: false}", "traffic.max_client_requests"),
    ],
)
def test_a_truth_value_is_no_number(tmp_path: Path, text: str, place: str) -> None:
    message = refusal(tmp_path, text)
    assert f"line 1: {place}: it must be a number, not " in message


def test_all_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, "limits:\n  max_depth: true\n  max_dept: 3\nsubgraphs:\n  a:\n    timeout_s: -1")
    for said in ("line 2: limits.max_depth: ", "line 3: limits.max_dept: no such setting; did you mean", "line 6: "):
        assert said in message
