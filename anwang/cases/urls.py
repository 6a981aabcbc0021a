"""Addresses of the teams: offers, families, cases."""

from django.urls import path

from anwang.cases import views
from anwang.cases.views import (
    clocks,
    corrections,
    find,
    household,
    household_print,
    joint_work,
    load_board,
    safe_adults,
    seals,
    who_is_who,
)

app_name = "cases"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/offers/", views.offers, name="offers"),
    path("inbox/<uuid:offer_id>/accept/", views.accept, name="accept"),
    path("inbox/<uuid:offer_id>/refuse/", views.refuse, name="refuse"),
    path("seals/", seals.seals, name="seals"),
    path("seals/ask/<str:receipt>/", seals.seal_ask, name="seal-ask"),
    path("seals/<uuid:root>/names/", seals.seal_names, name="seal-names"),
    path("seals/<uuid:root>/end/", seals.seal_end, name="seal-end"),
    path("seals/requests/<uuid:asked>/carry-out/", seals.seal_carry_out, name="seal-carry-out"),
    path("desk/find/", find.find, name="find"),
    path("people/", who_is_who.people, name="people"),
    path("people/<uuid:question>/", who_is_who.who, name="who"),
    path("people/<uuid:question>/say/", who_is_who.say, name="who-say"),
    path("people/<uuid:question>/undo/<uuid:judged>/", who_is_who.unsay, name="who-unsay"),
    path("people/<uuid:question>/ask/", who_is_who.ask_two, name="who-ask"),
    path(
        "people/<uuid:question>/requests/<uuid:asked>/carry-out/", who_is_who.carry_out,
        name="who-carry-out",
    ),
    path("families/", views.families, name="families"),
    path("families/<str:number>/", views.family, name="family"),
    path("families/<str:number>/household/", household.household, name="household"),
    path("families/<str:number>/household/<str:name>.svg", household.drawing, name="drawing"),
    path("families/<str:number>/household/<str:name>.pdf", household_print.print_, name="print"),
    path("families/<str:number>/household/correct/", corrections.correct, name="correct"),
    path(
        "families/<str:number>/household/correct/<uuid:correction>/undo/",
        corrections.take_back,
        name="correction-undo",
    ),
    path("families/<str:number>/addresses/", household.addresses, name="addresses"),
    path("desk/<str:receipt>/household/", household.report_household, name="report-household"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/done/", views.done, name="done"),
    path("cases/<uuid:case_id>/clocks/pause/", clocks.pause, name="pause"),
    path("cases/<uuid:case_id>/clocks/resume/", clocks.resume, name="resume"),
    path("cases/<uuid:case_id>/clocks/note/", clocks.note, name="note"),
    path("cases/<uuid:case_id>/close/", views.close, name="close"),
    path("cases/<uuid:case_id>/transfer/", joint_work.transfer, name="transfer"),
    path("cases/<uuid:case_id>/helpers/", joint_work.helpers, name="helpers"),
    path("transfers/<uuid:transfer_id>/", joint_work.transfer_answer, name="transfer-answer"),
    path("load/", load_board.load, name="load"),
    path("joint/", joint_work.joint, name="joint"),
    path("joint/<uuid:helper_id>/", joint_work.help_, name="help"),
    path("joint/<uuid:helper_id>/step/", joint_work.help_step, name="help-step"),
    path("cases/<uuid:case_id>/safe-adults/", safe_adults.safe_adults, name="safe-adults"),
    path("cases/<uuid:case_id>/safe-adults/name/", safe_adults.name, name="safe-adult-name"),
    path(
        "cases/<uuid:case_id>/safe-adults/<uuid:named>/end/",
        safe_adults.end,
        name="safe-adult-end",
    ),
]  # fmt: skip
