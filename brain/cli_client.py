"""The command line as a client of the running Brain."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brain.config import load_settings

__all__ = ["log_in", "post", "running_url"]

_LOG_IN = "mutation LogIn($input: LogInInput!) { logIn(input: $input) { errors { message } tokens { accessToken } } }"


def running_url(data_dir: Path | None) -> str:
    """Return where the instance of a data folder answers; where none runs, what the settings say.

    Raises:
        EmbeddedError: The folder was named, and nothing runs on it.
    """
    from brain.embedded.data_folder import find_data_folder  # noqa: PLC0415
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415
    from brain.embedded.stack import brain_url  # noqa: PLC0415

    settings = load_settings(data_dir=data_dir)
    try:
        folder = find_data_folder(settings.data_dir)
    except EmbeddedError:  # nothing of ours in it
        folder = None
    if folder is not None and folder.supervisor() is not None:
        return str(folder.state()["supervisor"]["url"])
    if data_dir is not None:
        raise EmbeddedError(f"Nothing runs on {data_dir}: start it with `brain up --data-dir {data_dir}`.")
    return brain_url(settings)


def log_in(url: str, email: str, password: str | None) -> str:
    """The access token of a user.

    Args:
        password: that of the demo user if left out.

    Raises:
        EmbeddedError: There is no Brain, or it does not let the user in.
    """
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415

    if password is None:
        key, _, domain = email.partition("@")
        password = f"demo-{domain.removesuffix('.example')}-{key}"
    payload = post(url, _LOG_IN, {"input": {"email": email, "password": password}})["logIn"]
    if payload["tokens"] is None:
        raise EmbeddedError("; ".join(error["message"] for error in payload["errors"]))
    return str(payload["tokens"]["accessToken"])


def post(
    url: str, query: str, variables: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Ask the running Brain; the answer's data.

    Args:
        url: of the Brain.

    Raises:
        EmbeddedError: It is not there, or answers with an error.
    """
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415

    endpoint = f"{url}/graphql"
    body = json.dumps({"query": query, "variables": variables}).encode()
    sent = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(endpoint, body, sent)  # noqa: S310 - ours
    try:
        # Never through a proxy: it is this machine.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=40) as response:
            answer = json.load(response)
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"{endpoint} does not answer ({error}); is it running? `brain status` tells.") from error
    if answer.get("errors"):
        raise EmbeddedError("; ".join(error["message"] for error in answer["errors"]))
    data: dict[str, Any] = answer["data"]
    return data
