"""Reading the settings' file: YAML, with values from the environment, and errors that say where and what instead.

subgraphs:
  products:
    routing_url: ${env.PRODUCTS_URL:-http://localhost:4001/graphql}
    headers: {insert: {x-key: "${file./run/secrets/products-key}"}}
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from router.errors import RouterError
from router.server.config.sections import Misplaced
from router.yaml_text import InvalidYaml, YamlText, read_yaml

__all__ = ["InvalidConfig", "read_settings"]

T = TypeVar("T", bound=BaseModel)

_BEGUN = re.compile(r"\$\{\s*(?:env|file)\b[^}]*", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{(env|file)\.([^}]*?)(?::-([^}]*))?\}")


class InvalidConfig(RouterError):
    """The configuration cannot be read; the message names each wrong setting by its line and path."""

    code = "INVALID_ROUTER_CONFIG"


def read_settings(path: str | os.PathLike[str], model: type[T]) -> T:
    """Read a YAML file into a model; an empty one gives the defaults.

    In texts, `${env.NAME}` stands for a variable of the environment, `${file.PATH}` for a file's content without the
    line break at its end, and `${env.NAME:-text}` for the text where there is no such variable. Numbers and truth
    values are read from such texts as well.

    Raises:
        InvalidConfig: the file is missing, is not YAML, or has unknown or wrong settings.
    """
    name = os.fspath(path)
    try:
        text = read_yaml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfig(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"{name}: this is not YAML: {' '.join(str(error).split())}") from error
    except InvalidYaml as error:
        raise InvalidConfig(f"{name}: {error}") from error
    problems: list[Problem] = []
    content = _filled(text.content if text.content is not None else {}, (), Path(path).parent, problems)
    if not problems:
        try:
            return model.model_validate(content)
        except ValidationError as error:
            problems += _problems(error, model)
    raise InvalidConfig(f"{name}: " + "; ".join(_said(problem, text) for problem in problems))


Problem = tuple[tuple[int | str, ...], str]
"""Where something is wrong, and what."""


def _said(problem: Problem, text: YamlText) -> str:
    place, what = problem
    return f"line {text.line(place)}: {'.'.join(map(str, place))}: {what}" if place else f"the file: {what}"


# ---- values from elsewhere ------------------------------------------------------------------------------------------


def _filled(value: Any, place: tuple[str, ...], folder: Path, problems: list[Problem]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, (*place, str(key)), folder, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, (*place, str(index)), folder, problems) for index, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def looked_up(found: re.Match[str]) -> str:
        kind, name, default = found.groups()
        text, reason = _variable(name) if kind == "env" else _content(folder / name)
        if text is None:
            text = default
        if default is not None and "${" in default:
            problems.append((place, "the text after `:-` is taken as it is: it cannot refer to something else"))
        elif text is None:
            problems.append((place, f"{reason}: set it, or say what to take instead: `${{{kind}.{name}:-text}}`"))
        return text or ""

    begun = _BEGUN.search(_REFERENCE.sub("", value))
    if begun is not None:
        problems.append(
            (place, f"`{begun[0]}` is not whole: write `${{env.NAME}}`, `${{env.NAME:-text}}` or `${{file.PATH}}`")
        )
        return value
    return _REFERENCE.sub(looked_up, value)


def _variable(name: str) -> tuple[str | None, str]:
    return os.environ.get(name), f"the environment has no variable {name}"


def _content(file: Path) -> tuple[str | None, str]:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n"), ""
    except OSError as error:
        return None, f"{file}: {error.strerror}"
    except UnicodeDecodeError:
        return None, f"{file}: not UTF-8"


# ---- what is wrong --------------------------------------------------------------------------------------------------


def _problems(error: ValidationError, model: type[BaseModel]) -> Iterable[Problem]:
    for item in error.errors():
        place = item["loc"]
        if item["type"] != "extra_forbidden":
            cause = item.get("ctx", {}).get("error")
            if isinstance(cause, Misplaced):
                place += cause.place
            yield place, item["msg"].removeprefix("Value error, ")
            continue
        known = _settings_at(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        instead = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
        yield place, f"no such setting; {instead}"


def _settings_at(annotation: Any, place: tuple[int | str, ...]) -> list[str]:
    """The names of the settings in the section at a place; none where it has no section."""
    for model in _sections(annotation):
        if not place:
            return list(model.model_fields)
        field = model.model_fields.get(str(place[0]))
        if field is not None:
            return _settings_at(field.annotation, place[1:])
    for argument in get_args(annotation):
        # A dict's or a list's items: the step into it is their key.
        names = _settings_at(argument, place[1:]) if place else []
        names = names or _settings_at(argument, place)
        if names:
            return names
    return []


def _sections(annotation: Any) -> list[type[BaseModel]]:
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
