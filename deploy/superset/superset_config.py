# ruff: noqa: INP001 (Superset reads it by its path)
"""Superset's settings: its own database, and dashboards that other pages embed, shown to guests by their tokens."""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = (
    f"postgresql+psycopg2://superset:{os.environ['SUPERSET_POSTGRES_PASSWORD']}@superset-postgres:5432/superset"
)

FEATURE_FLAGS = {"EMBEDDED_SUPERSET": True}
# Guests sign in by tokens alone, which the analytics context asks for; each has the rule of its tenant.
GUEST_ROLE_NAME = "Embedded"
GUEST_TOKEN_JWT_SECRET = os.environ["SUPERSET_GUEST_SECRET"]
GUEST_TOKEN_JWT_EXP_SECONDS = 300

# Which pages may embed dashboards, with spaces between their origins.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'", *os.environ.get("SUPERSET_EMBEDDED_IN", "").split()],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
    # What `frame-ancestors` says is all there is to say.
    "frame_options": None,
}
