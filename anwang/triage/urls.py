"""Addresses of the duty desk."""

from django.urls import path

from anwang.triage import views
from anwang.triage.views import decide

app_name = "triage"
urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("desk/queue/", views.queue, name="queue"),
    path("desk/find/", views.find, name="find"),
    path("desk/<str:receipt>/", views.report, name="report"),
    path("desk/<str:receipt>/confirm/", decide.confirm_report, name="confirm"),
    path("desk/<str:receipt>/change/", decide.change_report, name="change"),
    path("desk/<str:receipt>/answer/", decide.answer_report, name="answer"),
    path("desk/<str:receipt>/reopen/", decide.reopen_report, name="reopen"),
    path("desk/<str:receipt>/withdraw/", decide.withdraw, name="withdraw"),
    path("desk/<str:receipt>/same/<str:other>/join/", decide.join, name="join"),
    path("desk/<str:receipt>/same/<str:other>/separate/", decide.separate, name="separate"),
    path("desk/<str:receipt>/same/<str:other>/undo/", decide.undo, name="undo"),
]
