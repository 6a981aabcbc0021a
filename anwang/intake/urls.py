"""Addresses of reporting."""

from django.urls import path, re_path

from anwang.intake import views

app_name = "intake"
urlpatterns = [
    path("report/", views.mandated, name="mandated"),
    path("consult/", views.consult, name="consult"),
    re_path(r"^drafts/(?P<form>mandated|consult)/$", views.draft, name="draft"),
    re_path(r"^drafts/(?P<form>mandated|consult)/discard/$", views.discard, name="discard"),
    path("receipts/", views.mine, name="mine"),
    path("receipts/<str:typed>/", views.receipt, name="receipt"),
    path("receipts/<str:typed>/add/", views.add, name="add"),
    path("receipts/<str:typed>/reporter/", views.reporter, name="reporter"),
    path("attachments/<uuid:attachment_id>/", views.attachment, name="attachment"),
]
