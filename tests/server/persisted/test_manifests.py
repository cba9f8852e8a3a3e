"""Reading manifests: both forms, and what is wrong with one."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from router.server.config import InvalidConfig, load_config
from router.server.persisted.manifests import Listed, load_manifests

PEN, INK = "{ product(id: 1) { name } }", "{ product(id: 2) { name } }"


def write(folder: Path, content: Any, name: str = "manifest.json") -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def apollo(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": list(operations), **more}


def test_apollos_form(tmp_path: Path) -> None:
    one = {"id": "a", "body": PEN, "name": "Pen", "type": "query"}
    other = {"id": "a", "body": INK, "name": "Ink", "type": "query", "clientName": "app"}
    manifest = load_manifests([write(tmp_path, apollo(one, other))])
    assert manifest.listed == (Listed("a", PEN, "Pen"), Listed("a", INK, "Ink", "app"))
    assert manifest.text_of("a", None) == PEN
    assert manifest.text_of("a", "app") == INK, "a client's own document hides the common one"
    assert manifest.text_of("a", "other") == PEN
    assert manifest.has_clients


def test_an_object_of_ids(tmp_path: Path) -> None:
    hash_ = sha256(INK.encode()).hexdigest()
    manifest = load_manifests([write(tmp_path, {"a": PEN, f"sha256:{hash_}": INK})])
    assert manifest.text_of("a", None) == PEN
    assert manifest.text_of(hash_, None) == INK
    assert manifest.text_of(sha256(PEN.encode()).hexdigest(), None) == PEN, "the hash is always an id"
    assert manifest.text_of("b", None) is None
    assert not manifest.has_clients


def test_several_files_may_repeat_and_must_not_differ(tmp_path: Path) -> None:
    first = write(tmp_path, {"a": PEN})
    assert load_manifests([first, write(tmp_path, apollo({"id": "a", "body": PEN}), "same.json")]).text_of("a", None)
    with pytest.raises(InvalidConfig, match="two documents have the id 'a'"):
        load_manifests([first, write(tmp_path, {"a": INK}, "other.json")])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "a manifest is a JSON object"),
        ({"a": 1}, "a: Input should be a valid string"),
        ({"a": ""}, "at least 1 character"),
        ({"": PEN}, "at least 1 character"),
        ({"format": "another", "version": 1, "operations": []}, "format: Input should be"),
        (apollo(version=2), "version: Input should be 1"),
        (apollo({"id": "a"}), "operations.0.body: Field required"),
        (apollo({"id": 1, "body": PEN}), "operations.0.id: Input should be a valid string"),
        (apollo("a"), "operations.0"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: Any, problem: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(InvalidConfig) as caught:
        load_manifests([file])
    assert caught.value.message.startswith(f"trusted_documents.manifests: {file}: ")
    assert problem in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"none\.json: No such file"):
        load_manifests([tmp_path / "none.json"])


def test_paths_are_relative_to_the_settings(tmp_path: Path) -> None:
    write(tmp_path, {"a": PEN})
    write(tmp_path, {"trusted_documents": {"manifests": ["manifest.json"], "mode": "enforce"}}, "router.yaml")
    config = load_config(tmp_path / "router.yaml")
    assert config.trusted_documents.manifests == (tmp_path / "manifest.json",)
    assert config.trusted_documents.mode == "enforce"


def test_enforcing_nothing_is_refused(tmp_path: Path) -> None:
    for section in ({"mode": "enforce"}, {"clients": {"app": "enforce"}}):
        file = write(tmp_path, {"trusted_documents": section}, "router.yaml")
        with pytest.raises(InvalidConfig, match="would refuse everything"):
            load_config(file)
