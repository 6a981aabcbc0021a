"""Addresses of the pages that join apps."""

from django.urls import path

from anwang.web import audit, oversight, views
from anwang.web.looks import looked_at_me
from anwang.web.violations import violations

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("notices/", oversight.notices_page, name="notices"),
    path("notices/seen/", oversight.see, name="see-notices"),
    path("glass/", oversight.glass, name="glass"),
    path("glass/figures/", oversight.figures, name="glass-figures"),
    path("glass/<uuid:glass_id>/", oversight.through, name="through-glass"),
    path("glass/<uuid:glass_id>/end/", oversight.end, name="end-glass"),
    path("reviews/", oversight.reviews, name="reviews"),
    path("reviews/glass/<uuid:glass_id>/", oversight.review_glass, name="review-glass"),
    path("reviews/alarms/<uuid:alarm_id>/", oversight.review_odd, name="review-alarm"),
    path("conflicts/", oversight.conflicts, name="conflicts"),
    path("conflicts/<uuid:conflict_id>/end/", oversight.end_conflict, name="end-conflict"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export/", audit.export_found, name="audit-export"),
    path("me/", looked_at_me, name="looked-at-me"),
    path("browser/violations/", violations, name="violations"),
]
