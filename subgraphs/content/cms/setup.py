"""Configures Django. Its import takes seconds: nothing needs it before somebody edits, or a migration is due."""

import hmac
import json
import threading
from base64 import urlsafe_b64decode
from functools import cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from resolvers.settings import Settings
from subgraphs.content.cms import acting

__all__ = ["LANGUAGES", "is_started", "secret_of", "start"]

LANGUAGES: Final = (
    ("en", "English"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("it", "Italian"),
    ("nl", "Dutch"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
)
_APPS: Final = (
    "subgraphs.content.cms",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
)
_MIDDLEWARE: Final = (
    "subgraphs.content.cms.middleware.SignedContext",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "subgraphs.content.cms.middleware.Editors",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
_CONTEXT_PROCESSORS: Final = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)
_starting = threading.Lock()
_started = False


def start(settings: Settings) -> None:
    """Configures Django for the process, once; a second call with other settings changes how it logs in."""
    global _started
    with _starting:
        acting.configure(_credentials(settings))
        if _started:
            return
        import django  # noqa: PLC0415 - heavy
        from django.conf import settings as django_settings  # noqa: PLC0415

        django_settings.configure(**_django_settings(settings))
        django.setup()
        _started = True


def is_started() -> bool:
    """Whether this process has Django."""
    return _started


@cache
def secret_of(settings: Settings, purpose: str) -> bytes:
    """A key for `purpose`, from the one that the context shares with the Brain.

    Raises:
        OSError, ValueError: that one cannot be read.
    """
    document = json.loads(settings.context_keys_of("content").read_text())
    text = str(document["keys"][0]["k"])
    key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return hmac.digest(key, f"content/{purpose}".encode(), "sha256")


def _credentials(settings: Settings) -> acting.Credentials:
    return acting.Credentials(
        app=_parameters(settings.app_url("content")),
        owner=_parameters(settings.admin_url()),
        logins=settings.logins("content"),
    )


def _parameters(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    found = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "dbname": parts.path.lstrip("/"),
        "application_name": "content",
        "options": "-c search_path=content,public -c jit=off",
    }
    return {name: value for name, value in found.items() if value is not None}


def _django_settings(settings: Settings) -> dict[str, Any]:
    try:
        secret = secret_of(settings, "django").hex()
    except (OSError, ValueError, KeyError):
        secret = "nothing is signed without keys"  # noqa: S105 - migrations and seeds sign nothing
    return {
        "SECRET_KEY": secret,
        "DEBUG": False,
        # Nothing but what carries the signed context comes in, whatever host it names.
        "ALLOWED_HOSTS": ["*"],
        "USE_X_FORWARDED_HOST": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "INSTALLED_APPS": list(_APPS),
        "MIDDLEWARE": list(_MIDDLEWARE),
        "ROOT_URLCONF": "subgraphs.content.cms.urls",
        "DATABASES": {
            "default": {
                "ENGINE": "subgraphs.content.cms.postgres",
                "NAME": urlsplit(settings.admin_url()).path.lstrip("/"),
                "CONN_HEALTH_CHECKS": True,
            }
        },
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": settings.redis_url.get_secret_value(),
                "KEY_PREFIX": "content",
                "KEY_FUNCTION": "subgraphs.content.cms.acting.cache_key",
            }
        },
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": list(_CONTEXT_PROCESSORS)},
            }
        ],
        "STORAGES": {
            "default": {"BACKEND": "subgraphs.content.cms.files.TenantStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        "MEDIA_ROOT": str(settings.media_folder.absolute()),
        "MEDIA_URL": "/cms/files/",
        "STATIC_URL": "/cms/static/",
        "AUTH_USER_MODEL": "cms.Editor",
        "AUTH_PASSWORD_VALIDATORS": [],
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        "SESSION_COOKIE_NAME": "cms_session",
        "SESSION_COOKIE_PATH": "/cms/",
        "CSRF_COOKIE_NAME": "cms_csrf",
        "CSRF_COOKIE_PATH": "/cms/",
        "X_FRAME_OPTIONS": "SAMEORIGIN",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": True,
        "LANGUAGE_CODE": "en",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 10_000_000,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 10_000,
        "LOGGING_CONFIG": None,
        "SILENCED_SYSTEM_CHECKS": [],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "WAGTAIL_SITE_NAME": "Content",
        "WAGTAILADMIN_BASE_URL": "http://localhost",
        "WAGTAIL_I18N_ENABLED": True,
        "WAGTAIL_CONTENT_LANGUAGES": list(LANGUAGES),
        "LANGUAGES": list(LANGUAGES),
        "WAGTAIL_PASSWORD_MANAGEMENT_ENABLED": False,
        "WAGTAIL_EMAIL_MANAGEMENT_ENABLED": False,
        "WAGTAIL_ENABLE_UPDATE_CHECK": False,
        "WAGTAIL_ENABLE_WHATS_NEW_BANNER": False,
        "WAGTAIL_GRAVATAR_PROVIDER_URL": None,
        "WAGTAILIMAGES_EXTENSIONS": ["gif", "jpg", "jpeg", "png", "webp"],
        "WAGTAILIMAGES_MAX_UPLOAD_SIZE": 10_000_000,
        "WAGTAILIMAGES_MAX_IMAGE_PIXELS": 50_000_000,
        # Wagtail would make them of its own addresses, which nobody knows: see `telling`.
        "WAGTAILREDIRECTS_AUTO_CREATE": False,
        "WAGTAILDOCS_EXTENSIONS": ["csv", "docx", "odt", "pdf", "pptx", "txt", "xlsx", "zip"],
        "WAGTAILSEARCH_BACKENDS": {
            "default": {"BACKEND": "wagtail.search.backends.database", "SEARCH_CONFIG": "simple"}
        },
    }
