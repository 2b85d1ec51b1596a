"""Superset settings. Secrets and addresses come from the environment; a missing one stops the start with a KeyError."""
import os

from sqlalchemy.engine import URL

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]  # encrypts database passwords and signs sessions: keep it the same for the life of the metadata database
# In parts: a password may have characters that would have to be escaped.
SQLALCHEMY_DATABASE_URI = URL.create(
    "postgresql+psycopg2",
    username=os.environ["SUPERSET_DATABASE_USER"],
    password=os.environ["SUPERSET_DATABASE_PASSWORD"],
    host=os.environ["SUPERSET_DATABASE_HOST"],
    port=int(os.environ["SUPERSET_DATABASE_PORT"]),
    database=os.environ["SUPERSET_DATABASE_NAME"],
).render_as_string(hide_password=False)

# Caches as files: no Redis, shared by the worker processes of one container. Filter state and explore state stay in PostgreSQL (the default).
CACHE_DIR = "/app/superset_home/cache"
CACHE_CONFIG = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": f"{CACHE_DIR}/metadata", "CACHE_DEFAULT_TIMEOUT": 300, "CACHE_THRESHOLD": 1000}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": f"{CACHE_DIR}/data", "CACHE_DEFAULT_TIMEOUT": 8, "CACHE_THRESHOLD": 1000}

# "fetch" lets an auto-refresh use the cache, so ten viewers cost one query per chart and timeout; the default "force" runs every query for every viewer.
DASHBOARD_AUTO_REFRESH_MODE = "fetch"
DASHBOARD_AUTO_REFRESH_INTERVALS = [[0, "Don't refresh"], [10, "10 seconds"], [30, "30 seconds"], [60, "1 minute"], [300, "5 minutes"]]

FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True, "DASHBOARD_RBAC": False}  # Jinja in the datasets' SQL
ROW_LIMIT = 10_000
SQL_MAX_ROW = 50_000
SUPERSET_WEBSERVER_TIMEOUT = 60

RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "100 per second"
RATELIMIT_STORAGE_URI = "memory://"  # per worker process; one container only
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_HTTPS", "") == "true"

AUTH_ROLE_PUBLIC = "Public"  # and the Public role is given no permission: everybody signs in
PUBLIC_ROLE_LIKE = None

# "Last day" means the 24 hours that end now; with the default ("today") it means yesterday, and the data of today is never seen.
DEFAULT_RELATIVE_START_TIME = "now"
DEFAULT_RELATIVE_END_TIME = "now"

# The default policy lets the browser call map, font and telemetry hosts; this one lets it call nobody else.
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
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}
