"""`serve` with TLS and both versions of HTTP, as a process."""

import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.executor.http_client.certificates import Authority
from tests.server.shop import SUPERGRAPH
from tests.server.test_cli import log_line, run


@pytest.fixture
def supergraph(tmp_path: Path) -> Path:
    file = tmp_path / "supergraph.graphql"
    file.write_text(SUPERGRAPH)
    return file


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "router", "serve", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield json.loads(process.stderr.readline())["port"], process
        finally:
            process.terminate()


def version(client: httpx2.Client, url: str) -> str:
    """The version that an answer comes in; waits for the server."""
    deadline = time.monotonic() + 20
    while True:
        try:
            answer = client.post(f"{url}/graphql", json={"query": "{ __typename }"})
        except httpx2.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            continue
        assert answer.json() == {"data": {"__typename": "Query"}}
        return answer.http_version


def test_plain(supergraph: Path, tmp_path: Path) -> None:
    config = tmp_path / "router.yaml"
    with serving("--supergraph", supergraph) as (port, _):
        for has_http1, expected in ((True, "HTTP/1.1"), (False, "HTTP/2")):
            with httpx2.Client(http1=has_http1, http2=not has_http1) as client:
                assert version(client, f"http://127.0.0.1:{port}") == expected
    config.write_text("http2: {enabled: false}")
    with serving("--supergraph", supergraph, "--config", config) as (port, _):
        with httpx2.Client() as client:
            assert version(client, f"http://127.0.0.1:{port}") == "HTTP/1.1"
        with httpx2.Client(http1=False, http2=True) as client, pytest.raises(httpx2.TransportError):
            version(client, f"http://127.0.0.1:{port}")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
def test_tls_of_the_settings_with_a_certificate_that_is_renewed(supergraph: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("127.0.0.1")
    config = tmp_path / "router.yaml"
    config.write_text("tls: {certificate_file: 127.0.0.1.pem, key_file: 127.0.0.1.key.pem}")
    tls = ssl.create_default_context(cafile=str(authority.file))

    def certificate() -> str:
        return ssl.get_server_certificate(("127.0.0.1", port), timeout=10)

    with serving("--supergraph", supergraph, "--config", config) as (port, process):
        for has_http2, expected in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            with httpx2.Client(http2=has_http2, verify=tls) as client:
                assert version(client, f"https://127.0.0.1:{port}") == expected
        first = certificate()
        authority.issue("127.0.0.1")
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while certificate() == first:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (tmp_path / "127.0.0.1.pem").write_text("no certificate")
        second = certificate()
        process.send_signal(signal.SIGHUP)
        assert log_line(process, "not reloaded")["code"] == "INVALID_ROUTER_CONFIG"
        assert certificate() == second

        other, _ = Authority(tmp_path, "other").issue("localhost")
        config.write_text("tls: {certificate_file: localhost.pem, key_file: localhost.key.pem}")
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while certificate() != other.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        config.write_text("{}")
        process.send_signal(signal.SIGHUP)
        assert "tls: it cannot begin or end" in log_line(process, "not reloaded")["reason"]
        assert certificate() == other.read_text()


def test_a_certificate_that_changes_is_noticed(supergraph: Path, tmp_path: Path) -> None:
    """As certbot writes it, one file after the other, and as Kubernetes does, by a link to another folder."""
    mounted, folders = tmp_path / "mounted", [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
        Authority(folder).issue("127.0.0.1")
    mounted.symlink_to(folders[0])
    files = [mounted / "127.0.0.1.pem", mounted / "127.0.0.1.key.pem"]
    arguments = ["--supergraph", supergraph, "--watch", "--tls-cert", files[0], "--tls-key", files[1]]

    def seen_within_10_s(wanted: str) -> None:
        deadline = time.monotonic() + 10
        while ssl.get_server_certificate(("127.0.0.1", port), timeout=10) != wanted:
            assert time.monotonic() < deadline, "the new certificate is not used"
            time.sleep(0.05)

    tls = ssl.create_default_context(cafile=str(folders[0] / "authority.pem"))
    with serving(*arguments) as (port, process), httpx2.Client(http2=True, verify=tls) as client:
        assert version(client, f"https://127.0.0.1:{port}") == "HTTP/2"
        seen_within_10_s((folders[0] / "127.0.0.1.pem").read_text())

        certificate = (folders[1] / "127.0.0.1.pem").read_text()
        files[0].write_text(certificate)  # for a while the key is another one's: the old pair is kept
        assert log_line(process, "not reloaded")["code"] == "INVALID_ROUTER_CONFIG"
        files[1].write_text((folders[1] / "127.0.0.1.key.pem").read_text())
        seen_within_10_s(certificate)

        link = tmp_path / "link"
        link.symlink_to(folders[2])
        link.replace(mounted)
        seen_within_10_s((folders[2] / "127.0.0.1.pem").read_text())
        # Who was connected still is: with what it was shown, and none of the authorities of now.
        assert version(client, f"https://127.0.0.1:{port}") == "HTTP/2"


def test_tls_of_the_command_line(supergraph: Path, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("127.0.0.1")
    tls = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    arguments = ("--supergraph", supergraph, "--tls-cert", certificate, "--tls-key", key)
    with serving(*arguments) as (port, _), httpx2.Client(http2=True, verify=tls) as client:
        assert version(client, f"https://127.0.0.1:{port}") == "HTTP/2"


@pytest.mark.parametrize("arguments", [["--tls-key", "k.pem"], ["--tls-cert", "none.pem"]])
def test_files_that_are_missing(supergraph: Path, arguments: list[str]) -> None:
    done = run("serve", "--supergraph", supergraph, "--port", "0", *arguments)
    assert done.returncode == 1
    assert "INVALID_ROUTER_CONFIG" in done.stderr
