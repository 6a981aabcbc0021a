"""Addresses of the policies."""

from django.urls import path

from anwang.rulebook import exchange, studio, views

app_name = "rulebook"
urlpatterns = [
    path("", views.policies, name="policies"),
    path("import/", exchange.import_file, name="import"),
    path("<int:number>/", views.policy, name="policy"),
    path("<int:number>/export/<slug:kind>/", exchange.export_file, name="export"),
    path("<int:number>/import/", exchange.import_into, name="import-into"),
    path("<int:number>/draft/", studio.begin_draft, name="draft"),
    path("<int:number>/edit/", studio.edit, name="edit"),
    path("<int:number>/rows/<int:place>/", studio.row, name="row"),
    path("<int:number>/rows/<int:place>/check/", studio.check_row, name="check-row"),
    path("<int:number>/propose/", studio.propose, name="propose"),
    path("<int:number>/answer/", studio.answer, name="answer"),
    path("<int:number>/shadow/", studio.shadow, name="shadow"),
    path("<int:number>/discard/", studio.discard, name="discard"),
]
