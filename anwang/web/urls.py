"""Addresses of the pages that join apps."""

from django.urls import path

from anwang.web import views
from anwang.web.looks import looked_at_me
from anwang.web.violations import violations

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("me/", looked_at_me, name="looked-at-me"),
    path("browser/violations/", violations, name="violations"),
]
