"""`compose --watch` as a user runs it: files change under a real process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.commands.files import Failed, write_text
from router.commands.schema_files import schema_files
from router.server.file_watch import FileWatch

GOOD = "type Query { a: Int }"
BETTER = "type Query { a: Int b: Int }"
BAD = "type Query { a: Missing }"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "a.graphql").write_text(GOOD)
    file = tmp_path / "supergraph.yaml"
    file.write_text("subgraphs: {a: {routing_url: 'http://a.invalid', schema: {file: a.graphql}}}")
    return file


@pytest.fixture
def watching(config: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "router", "compose", "--config", str(config), "--watch"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out.graphql")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def report(process: "subprocess.Popen[str]") -> str:
    """What is printed about the next composition."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or "; watching" not in lines[-1]:
        line = process.stderr.readline()
        assert line, lines
        lines.append(line)
    return "".join(lines)


def test_watch(watching: "subprocess.Popen[str]", config: Path, tmp_path: Path) -> None:
    out, schema = tmp_path / "out.graphql", tmp_path / "a.graphql"
    assert report(watching) == f"composed {out}; watching 2 files\n"
    assert "b: Int" not in out.read_text()

    schema.write_text(BETTER)
    assert report(watching).startswith("composed")
    assert "b: Int" in out.read_text()

    before = out.stat()
    schema.write_text(BAD)
    text = report(watching)
    assert "INVALID_GRAPHQL: " in text
    assert f"  at {schema}:1:" in text
    assert "stays" in text
    schema.unlink()
    assert "SCHEMA_NOT_FOUND: " in report(watching)
    schema.write_text(BETTER)
    assert report(watching).startswith("composed")
    assert (out.stat().st_ino, out.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)  # the same text

    (tmp_path / "b.graphql").write_text("type Query { c: Int }")
    config.write_text(
        "subgraphs: {a: {routing_url: 'http://a.invalid', schema: {file: a.graphql}},"
        " b: {routing_url: 'http://b.invalid', schema: {file: b.graphql}}}"
    )
    assert "watching 3 files" in report(watching)
    (tmp_path / "b.graphql").write_text("type Query { d: Int }")
    assert "composed" in report(watching)
    assert "d: Int" in out.read_text()

    watching.send_signal(signal.SIGINT)
    assert watching.wait(10) == 130
    assert watching.stderr is not None
    assert "Traceback" not in watching.stderr.read()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "a.graphql",
        "b.graphql",
        "out.graphql",
        "supergraph.yaml",
    ]


def test_watch_begins_with_a_config_that_is_not_there(config: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "router", "compose", "--config", str(tmp_path / "later.yaml"), "--watch"]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "CONFIG_NOT_FOUND" in report(process)
        config.rename(tmp_path / "later.yaml")
        assert "composed" in report(process)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
        assert len(out.splitlines()) == 1  # one object a line
        assert '"supergraph"' in out
        assert process.returncode == 130
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=10)


def test_a_change_is_seen_whatever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a"
    watch = FileWatch()
    watch.look_at([file])
    assert not watch.has_changed()
    file.write_text("1")
    assert watch.has_changed()
    watch.look_at([file])
    assert not watch.has_changed()
    os.utime(file, ns=(1, 1))
    assert watch.has_changed()
    watch.look_at([file])
    file.unlink()
    assert watch.has_changed()


@pytest.mark.parametrize("text", ["", "[", "1", "subgraphs: 1", "subgraphs: {a: 1, b: {schema: 1}, c: {schema: {}}}"])
def test_schema_files_of_what_is_wrong(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    assert schema_files(tmp_path / "c.yaml") == []
    assert schema_files(tmp_path / "none.yaml") == []


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with file.open() as reader:
        write_text(link, "new")
        assert reader.read() == "old"
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    with pytest.raises(Failed, match="No such file"):
        write_text(tmp_path / "none" / "a", "x")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "link"]


def test_contracts_come_and_go(config: Path, tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text(
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])'
        ' type Query { a: Int b: Int @tag(name: "x") }'
    )
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    command = [sys.executable, "-m", "router", "compose", "--config", str(config), "--watch"]
    command += ["--out", str(tmp_path / "out.graphql"), "--contracts", str(contracts)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "watching 2 files" in report(process)
            (contracts / "v.toml").write_text('exclude = ["x"]')
            assert "watching 3 files" in report(process)
            assert "b: Int" not in (contracts / "v.graphql").read_text()
            (contracts / "v.toml").write_text('include = ["x"]')
            assert "watching 3 files" in report(process)
            assert "a: Int" not in (contracts / "v.graphql").read_text()
            (contracts / "v.toml").unlink()
            assert f"removed {contracts / 'v.graphql'}: " in report(process)
            assert not (contracts / "v.graphql").exists()
        finally:
            process.kill()
