"""What a subgraph process reads from its environment."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from resolvers.logins import LoginFile

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Settings of the subgraphs; every name is prefixed with `BRAIN_` in the environment.

    Attributes:
        database_url: PostgreSQL as the owner of the tables, for migrations and seeds
            (`postgresql://user:password@host:port/brain`).
        database_app_password: password of the `<context>_app` roles.
        database_credentials_file: file with a context's log-in of the moment, `{name}` for the context's name; without
            one the context logs in as `<context>_app`.
        database_pool_size: connections per context and process.
        redis_url: replay guard, rate limits.
        temporal_address: Temporal's gRPC service (`host:port`).
        temporal_namespace: ours in it.
        context_keys_file: the keys (JWKS, secret) with which a subgraph verifies the context header; `{name}` in it
            stands for the subgraph's name.
        identity_private_key_file: Ed25519 key (PKCS8 PEM) that signs access tokens; needed by `identity` only.
        vault_address: the Vault that seals columns; without one they are not sealed.
        vault_ca_file: certificates (PEM) of whom its own may come from.
        vault_role_id_file: who the subgraph is to it, `{role}` for `subgraph-<name>`.
        vault_secret_id_file: its secret, likewise.
        media_folder: files of images and documents, a folder in it for each tenant; needed by `content` only.
        saleor_webhook_url: where the stand-in for Saleor tells of orders, `{tenant}` for the tenant's id; needed by
            `saleor` only, which without it tells nobody.
        superset_url: the Superset that draws dashboards; needed by `analytics` only, which without it has none.
        superset_public_url: where browsers find it; by default there too.
        superset_username: who asks it for dashboards and for guest tokens.
        superset_password_file: with the password of that account.
        analytics_events_days: for how long `analytics` keeps what it has read of events, which funnels are made of.
        analytics_quarters_days: for how long it keeps amounts by quarters of an hour; older ones are by days.
        oidc_loopback: whether identity providers, and the websites of businesses, may run on this machine, over plain
            HTTP: for development and tests.
        token_issuer: `iss` of the access tokens.
        log_level: level name of the standard library's logging.
    """

    model_config = SettingsConfigDict(env_prefix="BRAIN_", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("postgresql://postgres@127.0.0.1:5432/brain")
    database_app_password: SecretStr = SecretStr("")
    database_credentials_file: Path | None = None
    database_pool_size: int = 10
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    context_keys_file: Path = Path(".brain/keys/{name}/context.keys.json")
    identity_private_key_file: Path = Path(".brain/keys/identity.pem")
    vault_address: str | None = None
    vault_ca_file: Path | None = None
    vault_role_id_file: Path | None = None
    vault_secret_id_file: Path | None = None
    media_folder: Path = Path(".brain/media")
    saleor_webhook_url: str | None = None
    superset_url: str | None = None
    superset_public_url: str | None = None
    superset_username: str | None = None
    superset_password_file: Path | None = None
    analytics_events_days: int = 400
    analytics_quarters_days: int = 400
    oidc_loopback: bool = False
    token_issuer: str = "brain"  # noqa: S105 - a name, not a secret
    log_level: str = "INFO"

    def context_keys_of(self, name: str) -> Path:
        """The file with the keys of the contexts for the subgraph `name`."""
        return Path(str(self.context_keys_file).replace("{name}", name))

    def admin_url(self) -> str:
        """SQLAlchemy URL (asyncpg) of the tables' owner."""
        return _with_credentials(self.database_url.get_secret_value())

    def app_url(self, context: str) -> str:
        """SQLAlchemy URL (asyncpg) of the role `<context>_app`, which cannot bypass row-level security."""
        return _with_credentials(
            self.database_url.get_secret_value(),
            user=f"{context}_app",
            password=self.database_app_password.get_secret_value(),
        )

    def logins(self, context: str) -> LoginFile | None:
        """Where the log-in of the moment of `context` is; None if it has a lasting one."""
        if self.database_credentials_file is None:
            return None
        return LoginFile(Path(str(self.database_credentials_file).replace("{name}", context)))


def _with_credentials(url: str, user: str | None = None, password: str | None = None) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc
    if user is not None:
        host = netloc.rpartition("@")[2]
        netloc = f"{quote(user, safe='')}:{quote(password or '', safe='')}@{host}"
    return urlunsplit(("postgresql+asyncpg", netloc, parts.path, parts.query, ""))
