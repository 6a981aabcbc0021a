"""Addresses of the teams: offers, families, cases."""

from django.urls import path

from anwang.cases import views

app_name = "cases"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/offers/", views.offers, name="offers"),
    path("inbox/<uuid:offer_id>/accept/", views.accept, name="accept"),
    path("inbox/<uuid:offer_id>/refuse/", views.refuse, name="refuse"),
    path("families/", views.families, name="families"),
    path("families/<str:number>/", views.family, name="family"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/done/", views.done, name="done"),
    path("cases/<uuid:case_id>/close/", views.close, name="close"),
]
