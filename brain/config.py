"""The settings of the whole platform: one documented set of names, from the environment or ``brain.yaml``.

A name in ``brain.yaml`` is the variable's without ``BRAIN_``, in lower case; the environment wins. The same names
work for `brain up` and for docker-compose. A service whose URL is given is used as it is; one whose URL is missing is
started by `brain up` and its URL handed to everything else.

Which process reads a setting is noted beside it: the subgraphs read theirs themselves (they never import this module).
"""

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PostgresDsn, RedisDsn, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from brain.cms_settings import CMS, CmsFields
from brain.engine_settings import EngineFields
from router.yaml_text import InvalidYaml, read_yaml

PREFIX = "BRAIN_"
CONFIG_VARIABLE = "BRAIN_CONFIG"


class ConfigError(Exception):
    """The settings cannot be used; the message has one line per problem, each naming the setting."""


def project_root() -> Path:
    """Return the checkout this package is installed from, or else the current folder."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def config_file() -> Path:
    """Return the configuration file: ``BRAIN_CONFIG``, else ``brain.yaml`` of the project (which need not exist)."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named).expanduser().absolute() if named else project_root() / "brain.yaml"


def _readers(*names: Literal["up", "brain", "subgraphs", "worker"], shown_default: str | None = None) -> dict[str, Any]:
    """Note who reads a setting, and what the documentation shows for a default that depends on the machine."""
    return {"x-read-by": list(names)} | ({} if shown_default is None else {"x-default": shown_default})


def _url(kind: type[PostgresDsn] | type[RedisDsn]) -> Any:
    """Validate as a URL, keep the text: drivers want a string, and pydantic's own type rewrites it."""

    def check(value: str) -> str:
        TypeAdapter(kind).validate_python(value)
        return value

    return AfterValidator(check)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


PostgresUrl = Annotated[str, _url(PostgresDsn)]
RedisUrl = Annotated[str, _url(RedisDsn)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^/\s]+")]


class _YamlSource(PydanticBaseSettingsSource):
    """``brain.yaml``; relative paths in it are relative to the file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # the whole file is read at once

    def __call__(self) -> dict[str, Any]:
        path = config_file()
        if not path.is_file():
            if CONFIG_VARIABLE in os.environ:
                raise ConfigError(f"{CONFIG_VARIABLE} names {path}, which is not a file.")
            return {}
        try:
            text = read_yaml(path.read_text(encoding="utf-8"))
            content = text.content or {}
        except InvalidYaml as error:
            raise ConfigError(f"{path}: {error}") from error
        if not isinstance(content, dict):
            raise ConfigError(f"{path} must hold names and values at its top level.")
        for name, value in content.items():
            field = self.settings_cls.model_fields.get(name)
            kinds = () if field is None else (field.annotation, *_members(field.annotation))
            if isinstance(value, bool) and not {int, float}.isdisjoint(kinds) and bool not in kinds:
                raise ConfigError(f"{path}: line {text.line((name,))}: {name}: it must be a number, not {value}.")
            if field is not None and isinstance(value, str) and Path in kinds:
                content[name] = path.parent / Path(value).expanduser()
        return content


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, nothing for any other type."""
    return getattr(annotation, "__args__", ())


class BrainSettings(CmsFields, EngineFields, BaseSettings):
    """Every setting of the platform; an optional one that is None is worked out by `brain up`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    host: str = Field(
        "127.0.0.1",
        description="Address the Brain listens on. Anything but a loopback address makes it reachable from elsewhere.",
        json_schema_extra=_readers("up"),
    )
    port: int = Field(
        8001, ge=1, le=65535, description="Port the Brain listens on.", json_schema_extra=_readers("up", "brain")
    )
    data_dir: Path = Field(
        default_factory=lambda: project_root() / ".brain",
        description="Folder of everything that `brain up` keeps: databases, keys, logs. One instance per folder.",
        json_schema_extra=_readers("up", shown_default=".brain"),
    )
    supergraph: Path = Field(
        default_factory=lambda: project_root() / "schema" / "supergraph.graphql",
        description=(
            "The supergraph SDL that the Brain serves. The contracts beside it (`contracts/*.toml`) are its views."
        ),
        json_schema_extra=_readers("brain", shown_default="schema/supergraph.graphql"),
    )
    router_config: Path | None = Field(
        None,
        description=(
            "The router's own settings, a `router.yaml` (`schema/router-config.schema.json`): limits, traffic, rate "
            "limits, CORS, metrics and the like. What it says wins over what the Brain would choose."
        ),
        json_schema_extra=_readers("brain"),
    )
    subgraphs_url: HttpUrl | None = Field(
        None,
        description=(
            "Base URL of the subgraphs: a subgraph is served at `<base>/<name>/graphql`, where `{name}` in the base "
            "stands for its name, too (one host per context: `http://{name}:8002`). "
            "If missing, `brain up` starts all of them in one process."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    database_url: PostgresUrl | None = Field(
        None,
        repr=False,
        description=(
            "PostgreSQL with pgvector, as the role that owns the tables: "
            "`postgresql://user:password@host:port/database`. If missing, `brain up` starts one."
        ),
        json_schema_extra=_readers("up", "subgraphs"),
    )
    database_app_password: str | None = Field(
        None,
        repr=False,
        min_length=8,
        description=(
            "Password of the `<context>_app` roles, which the subgraphs log in with and which cannot bypass row-level "
            "security. If missing, `brain up` makes one."
        ),
        json_schema_extra=_readers("up", "subgraphs"),
    )
    database_credentials_file: Path | None = Field(
        None,
        description=(
            "File with the log-in to PostgreSQL that a context has at the moment, where `{name}` stands for the "
            "context's name; somebody must renew it (`brain vault keep`). If missing: `brain up` keeps such files with "
            "the Vault that it starts; with any other, contexts log in as `<context>_app` with "
            "BRAIN_DATABASE_APP_PASSWORD."
        ),
        json_schema_extra=_readers("up", "subgraphs"),
    )
    database_pool_size: int = Field(
        10,
        ge=1,
        description="Connections to PostgreSQL per context and process.",
        json_schema_extra=_readers("subgraphs"),
    )
    redis_url: RedisUrl | None = Field(
        None,
        repr=False,
        description="Redis: `redis://:password@host:port/0`. If missing, `brain up` starts one.",
        json_schema_extra=_readers("up", "brain", "subgraphs"),
    )
    saleor_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/\S*$",
        description=(
            "GraphQL address of the tenants' shops, with its final slash; `{tenant}` in it stands for a tenant's slug. "
            "If missing, `brain up` starts the stand-in, with a shop for each demo tenant. What else a tenant's shop "
            "needs is in the Vault (`tenants/<id>/integrations/saleor`) or in the file of `saleor_links_file`."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    saleor_schema_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/\S*$",
        description=(
            "Where Saleor's schema is asked for. If missing: at `saleor_url`, unless that has `{tenant}` in it; then "
            "the one of the supergraph is used."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    oidc_loopback: bool = Field(
        False,
        description=(
            "Whether tenants' identity providers may run on this machine, over plain HTTP: for development and tests. "
            "Elsewhere they are asked over HTTPS, at public addresses only."
        ),
        json_schema_extra=_readers("subgraphs"),
    )
    saleor_webhook_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/\S*$",
        description=(
            "Where the stand-in for Saleor tells of orders; `{tenant}` in it stands for the tenant's id. If missing, "
            "`brain up` names the storefront's webhook. A Saleor itself is told by `webhookCreate`."
        ),
        json_schema_extra=_readers("subgraphs"),
    )
    superset_url: HttpUrl | None = Field(
        None,
        description="The Superset that draws dashboards, as the subgraphs reach it. If missing, there are none.",
        json_schema_extra=_readers("subgraphs"),
    )
    superset_public_url: HttpUrl | None = Field(
        None,
        description="Where browsers find Superset. If missing: where the subgraphs do.",
        json_schema_extra=_readers("subgraphs"),
    )
    superset_username: str | None = Field(
        None,
        description="Superset's account that reads dashboards and grants guest tokens.",
        json_schema_extra=_readers("subgraphs"),
    )
    superset_password_file: Path | None = Field(
        None, description="File with the password of that account.", json_schema_extra=_readers("subgraphs")
    )
    analytics_events_days: int = Field(
        400,
        ge=60,
        description="For how many days analytics keeps what it has read of events: how far back funnels go.",
        json_schema_extra=_readers("subgraphs"),
    )
    analytics_quarters_days: int = Field(
        400,
        ge=60,
        description="For how many days analytics keeps amounts by quarters of an hour; older ones are by days of UTC.",
        json_schema_extra=_readers("subgraphs"),
    )
    saleor_schema_poll_s: float = Field(
        60,
        gt=0,
        description="How often, in seconds, Saleor's schema is asked for; another one is composed and served at once.",
        json_schema_extra=_readers("brain"),
    )
    saleor_links_file: Path | None = Field(
        None,
        description=(
            "YAML file of tenants' shops where no Vault has them: by slug, `url`, `channel`, `channels`, `app_token`."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    temporal_address: str | None = Field(
        None,
        pattern=r"^[^/\s]+:\d+$",
        description=(
            "Temporal's gRPC service, `host:port`, which makes agents' runs durable. If missing, `brain up` starts one."
        ),
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    temporal_namespace: str = Field(
        "default",
        min_length=1,
        description="The namespace of ours in Temporal; it needs the search attribute `TenantId` (Keyword).",
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    temporal_ui_url: HttpUrl | None = Field(
        None,
        description=(
            "Temporal's UI, as a browser of the staff reaches it; for links. If missing: that of the Temporal which "
            "`brain up` starts."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    vault_address: HttpUrl | None = Field(
        None,
        description="OpenBao or Vault, which keeps all secrets: `https://host:8200`. If missing, `brain up` starts it.",
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    vault_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of whom the Vault's own may come from. If missing: those that Python trusts.",
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    vault_role_id_file: Path | None = Field(
        None,
        description=(
            "File with the id of the service's AppRole, where `{role}` stands for its name: `brain`, `worker`, "
            "`subgraph-<name>`. `brain vault setup` writes such files as `<folder>/{role}/role_id`."
        ),
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    vault_secret_id_file: Path | None = Field(
        None,
        description="File with the secret of the service's AppRole; `{role}` as above.",
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )
    demo_data: bool | None = Field(
        None,
        description=(
            "Whether `brain up` fills in the two demo tenants. If missing: yes with the PostgreSQL it starts itself, "
            "no with one named by BRAIN_DATABASE_URL."
        ),
        json_schema_extra=_readers("up"),
    )
    context_secret_file: Path | None = Field(
        None,
        description=(
            "The Brain's secrets (64 hexadecimal digits, one a line) of which the keys that sign the context header "
            "are derived; the first one signs. If missing, `brain up` makes one."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    context_keys_file: Path | None = Field(
        None,
        description=(
            "The keys (JWKS, secret) with which a subgraph verifies the context header; `{name}` stands for the "
            "subgraph's name. If missing, `brain up` makes the files."
        ),
        json_schema_extra=_readers("up", "subgraphs"),
    )
    identity_private_key_file: Path | None = Field(
        None,
        description="Ed25519 private key (PKCS8 PEM) that signs access tokens. If missing, `brain up` makes one.",
        json_schema_extra=_readers("up", "subgraphs"),
    )
    identity_jwks_url: HttpUrl | None = Field(
        None,
        description=(
            "Public keys (JWKS) that the Brain verifies access tokens with. "
            "If missing: `/.well-known/jwks.json` of identity, as BRAIN_SUBGRAPHS_URL says."
        ),
        json_schema_extra=_readers("brain"),
    )
    graph_url: HttpUrl | None = Field(
        None,
        description=(
            "Where workers reach the graph: `http://brain:8001/graphql`. If missing: on this machine, at BRAIN_PORT."
        ),
        json_schema_extra=_readers("worker"),
    )
    provider_gateway: str | None = Field(
        None,
        pattern=r"^(127(\.\d{1,3}){3}|\[::1\]):\d{1,5}$",
        description=(
            "Address on this machine, `127.0.0.1:9000`, to which the worker sends all requests to providers of "
            "integrations, unencrypted; the Host header says whom one is for. For a gateway through which all that "
            "leaves has to go, and for tests. If missing: to the providers themselves."
        ),
        json_schema_extra=_readers("worker"),
    )
    worker_private_key_file: Path | None = Field(
        None,
        description=(
            "Ed25519 private key (PKCS8 PEM) that signs the tokens of agents' runs. If missing, `brain up` makes one."
        ),
        json_schema_extra=_readers("up", "worker"),
    )
    worker_jwks_file: Path | None = Field(
        None,
        description=(
            "Public keys (JWKS) that the Brain verifies the tokens of agents' runs with. "
            "If missing, `brain up` makes the file."
        ),
        json_schema_extra=_readers("up", "brain"),
    )
    worker_port: int = Field(
        8003,
        ge=1,
        le=65535,
        description="Port at which the worker tells its health, on BRAIN_HOST; `brain up` chooses one.",
        json_schema_extra=_readers("worker"),
    )
    token_issuer: str = Field(
        "brain",
        min_length=1,
        description="The `iss` claim of access tokens: what identity writes and the Brain demands.",
        json_schema_extra=_readers("brain", "subgraphs"),
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info",
        description="How much the processes log.",
        json_schema_extra=_readers("up", "brain", "subgraphs", "worker"),
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, ``brain.yaml``."""
        return (init_settings, env_settings, _YamlSource(settings_cls))

    def subgraph_base(self, name: str) -> str:
        """Return the URL below which a subgraph has its endpoints (``/graphql``, ``/health``), without a final slash.

        Raises:
            ConfigError: `subgraphs_url` is not set.
        """
        if name == CMS and self.cms_url is not None:
            return f"{self.cms_url.rstrip('/')}/{name}"
        if self.subgraphs_url is None:
            raise ConfigError(f"{variable('subgraphs_url')} is not set.")
        return f"{self.subgraphs_url.replace('{name}', name).rstrip('/')}/{name}"

    def environment(self) -> dict[str, str]:
        """Return the settings as environment variables, absent ones left out and paths absolute."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            variable(name): str(value.absolute() if isinstance(value, Path) else value)
            for name, value in values.items()
            if value is not None
        }


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def load_settings(**overrides: Any) -> BrainSettings:
    """Read the settings; ``overrides`` (of the command line; None means not given) win over everything.

    Raises:
        ConfigError: A value is wrong or a name in ``brain.yaml`` unknown.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return BrainSettings(**given)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = ".".join(map(str, problem["loc"]))
            known = name in BrainSettings.model_fields
            where = f"{name} in {config_file()}"
            if name in given:
                where = f"--{name.replace('_', '-')} {given[name]}"
            elif known:
                where = f"{variable(name)} (or {where})"
            lines.append(f"{where}: {problem['msg'] if known else _unknown(name)}")
        raise ConfigError("\n".join(lines)) from error


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.lower().removeprefix(PREFIX.lower()), BrainSettings.model_fields, n=1)
    return f"there is no such setting; did you mean `{near[0]}`?" if near else "there is no such setting"
