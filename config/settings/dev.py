"""A laptop: the embedded database, static files straight from the source tree."""

from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES

STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # nothing is collected; the finders serve the source tree
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
