"""Addresses of the registries."""

from django.urls import path

from anwang.registries import views

app_name = "registries"
urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("deliveries/<uuid:delivery_id>/", views.quarantine, name="quarantine"),
]
