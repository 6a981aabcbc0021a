"""Addresses of the policies."""

from django.urls import path

from anwang.rulebook import views

app_name = "rulebook"
urlpatterns = [
    path("", views.policies, name="policies"),
    path("<int:number>/", views.policy, name="policy"),
]
