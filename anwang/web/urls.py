"""Addresses of the pages that join apps."""

from django.urls import path

from anwang.web import audit, consistency, joining, oversight, reach, staff, views
from anwang.web.burying import bury
from anwang.web.looks import looked_at_me
from anwang.web.violations import violations

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("consistency/", consistency.consistency, name="consistency"),
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
    path("staff/", staff.staff, name="staff"),
    path("staff/invite/", joining.staff_invite, name="staff-invite"),
    path("staff/<uuid:account_id>/code/", joining.new_code, name="staff-code"),
    path("staff/<uuid:account_id>/factors/", joining.reset_factors, name="staff-factors"),
    path("staff/<uuid:account_id>/", staff.staff_account, name="staff-account"),
    path("staff/<uuid:account_id>/reach/", reach.staff_reach, name="staff-reach"),
    path("staff/<uuid:account_id>/give/", staff.give, name="staff-give"),
    path("staff/<uuid:account_id>/take/<uuid:place_id>/", staff.take, name="staff-take"),
    path("staff/<uuid:account_id>/end/", staff.end, name="staff-end"),
    path("staff/<uuid:account_id>/reopen/", staff.reopen, name="staff-reopen"),
    path("staff/<uuid:account_id>/sign-out/", staff.sign_out, name="staff-sign-out"),
    path("staff/<uuid:account_id>/training/", staff.train, name="staff-train"),
    path(
        "staff/<uuid:account_id>/training/<uuid:noted>/withdraw/",
        staff.untrain,
        name="staff-untrain",
    ),
    path("account/reach/", reach.my_reach, name="my-reach"),
    path("audit/bury/", bury, name="audit-bury"),
    path("me/", looked_at_me, name="looked-at-me"),
    path("browser/violations/", violations, name="violations"),
]
