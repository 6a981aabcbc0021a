"""Addresses of the registries."""

from django.urls import path

from anwang.registries import views

app_name = "registries"
urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("<slug:source_id>/", views.feed, name="feed"),
    path("deliveries/<uuid:delivery_id>/", views.quarantine, name="quarantine"),
    path("deliveries/<uuid:delivery_id>/retry/", views.retry, name="retry"),
    path("rows/<uuid:row_id>/", views.row, name="row"),
    path("rows/<uuid:row_id>/ask/", views.ask_open, name="ask-open"),
    path("rows/<uuid:row_id>/open/<uuid:asked>/", views.open_row, name="open-row"),
]
