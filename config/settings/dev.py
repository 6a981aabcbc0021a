"""A laptop: the embedded database, static files straight from the source tree."""

from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES

STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
