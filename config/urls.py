"""Every address the application answers."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from anwang.intake.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("anwang.web.urls")),
    path("", include("anwang.access.urls")),
    path("language/", set_language, name="set_language"),
    path("api/v1/", api.urls),
]
# desk/find/ is of the cases, and desk/<receipt>/ of the triage would take it for a receipt.
for _prefix, _room in (("registries/", "registries"), ("policies/", "rulebook"), ("", "intake"),
                       ("", "cases"), ("", "triage")):  # fmt: skip
    if find_spec(f"anwang.{_room}.urls"):
        urlpatterns.append(path(_prefix, include(f"anwang.{_room}.urls")))
