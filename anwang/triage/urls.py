"""Addresses of the duty desk."""

from django.urls import path

from anwang.triage import views
from anwang.triage.instruments import views as instruments
from anwang.triage.trials.views import backtests, quality, steps, walks
from anwang.triage.views import decide, disputes, inquiries, overdue, protected, second_looks

app_name = "triage"
urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("desk/queue/", views.queue, name="queue"),
    path("desk/looks/", second_looks.looks, name="looks"),
    path("desk/<str:receipt>/", views.report, name="report"),
    path("desk/<str:receipt>/ask/", inquiries.ask, name="ask"),
    path("desk/<str:receipt>/asked/", inquiries.asked, name="asked"),
    path("desk/<str:receipt>/forms/<slug:instrument>/", instruments.form, name="form"),
    path("desk/<str:receipt>/walk/", walks.walk, name="walk"),
    path("desk/<str:receipt>/walk/ask/", walks.ask, name="ask-walk"),
    path("desk/<str:receipt>/confirm/", decide.confirm_report, name="confirm"),
    path("desk/<str:receipt>/change/", decide.change_report, name="change"),
    path("desk/<str:receipt>/answer/", decide.answer_report, name="answer"),
    path("desk/<str:receipt>/look/", second_looks.look, name="look"),
    path("desk/<str:receipt>/reopen/", decide.reopen_report, name="reopen"),
    path("desk/<str:receipt>/withdraw/", decide.withdraw, name="withdraw"),
    path("desk/<str:receipt>/county/", disputes.county, name="county"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/past/", disputes.past, name="precedents"),
    path("disputes/offer/<uuid:offer_id>/", disputes.objection, name="object"),
    path("disputes/<uuid:dispute_id>/", disputes.dispute, name="dispute"),
    path("disputes/<uuid:dispute_id>/answer/", disputes.answer, name="dispute-answer"),
    path("disputes/<uuid:dispute_id>/rule/", disputes.rule, name="dispute-rule"),
    path("desk/<str:receipt>/same/<str:other>/join/", decide.join, name="join"),
    path("desk/<str:receipt>/same/<str:other>/separate/", decide.separate, name="separate"),
    path("desk/<str:receipt>/same/<str:other>/undo/", decide.undo, name="undo"),
    path("overdue/", overdue.overdue, name="overdue"),
    path("overdue/<uuid:escalation_id>/heard/", overdue.heard, name="heard"),
    path("overdue/offices/close/", overdue.close, name="close-office"),
    path("overdue/offices/<slug:team_id>/open/", overdue.reopen, name="open-office"),
    path("protected/<str:receipt>/", protected.protected, name="protected"),
    path("protected/<str:receipt>/ask/reporter/", protected.ask, {"what": "reporter"}, "ask-reporter"),
    path("protected/<str:receipt>/ask/safe/", protected.ask, {"what": "safe"}, "ask-safe"),
    path(
        "protected/<str:receipt>/reporter/<uuid:asked>/", protected.reveal,
        {"what": "reporter"}, "reveal-reporter",
    ),
    path(
        "protected/<str:receipt>/safe/<uuid:asked>/", protected.reveal,
        {"what": "safe"}, "reveal-safe",
    ),
    path("protected/<str:receipt>/safe/", protected.safe, name="safe"),
    path("protected/<str:receipt>/keep/", protected.keep, name="keep-safe"),
    path("protected/<str:receipt>/help/", protected.call_help, name="call-help"),
    path("protected/<str:receipt>/write/", protected.write, name="write"),
    path("receipts/<str:receipt>/messages/", protected.own_messages, name="own-messages"),
    path("help/<uuid:call>/", protected.help_call, name="help"),
    path("help/<uuid:call>/address/", protected.help_address, name="help-address"),
    path("help/<uuid:call>/done/", protected.help_done, name="help-done"),
    path("trials/", backtests.trials, name="trials"),
    path("trials/of/<int:number>/", backtests.ask, name="ask-backtest"),
    path("trials/shadow/", steps.shadow, name="shadow"),
    path("trials/steps/", steps.steps, name="steps"),
    path("trials/steps/switch/", steps.switch, name="switch-step"),
    path("trials/quality/", quality.quality, name="quality"),
    path("trials/<uuid:run_id>/", backtests.backtest, name="backtest"),
    path("trials/<uuid:run_id>/stop/", backtests.stop, name="stop-backtest"),
]  # fmt: skip
