"""Addresses of signing in and out."""

from django.urls import path

from anwang.access.leaving import PATH, leave
from anwang.access.views import account, oidc, passwords, standing, two_persons
from anwang.access.views import sign_in as signing
from anwang.access.views.sign_in import SignIn, SignOut

app_name = "access"
urlpatterns = [
    path(PATH.lstrip("/"), leave, name="leave"),
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-in/first/", passwords.first, name="first-password"),
    path("sign-in/second/", signing.second, name="second"),
    path("sign-in/passkey/", signing.passkey_sign_in, name="passkey-sign-in"),
    path("sign-in/passkey/options/", signing.offered_passkeys, name="passkey-options"),
    path("sign-in/again/", account.again, name="again"),
    path("sign-in/elsewhere/", oidc.ask, name="oidc"),
    path("sign-in/elsewhere/again/", oidc.ask_again, name="oidc-again"),
    path("sign-in/elsewhere/answer/", oidc.answer, name="oidc-answer"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", passwords.change, name="password"),
    path("account/code/", account.code, name="code"),
    path("account/recovery/", account.recovery, name="recovery"),
    path("account/passkey/", account.passkey, name="passkey"),
    path("account/passkey/options/", account.offered_new_passkey, name="new-passkey-options"),
    path("account/factors/<int:factor>/remove/", account.remove, name="remove-factor"),
    path("account/sessions/<uuid:session>/end/", account.end_one, name="end-session"),
    path("account/sessions/end/", account.end_others, name="end-other-sessions"),
    path("account/elsewhere/", oidc.link, name="oidc-link"),
    path("account/elsewhere/<uuid:identity>/end/", oidc.unlink, name="oidc-unlink"),
    path("account/training/", standing.standing, name="standing"),
    path("account/training/<slug:rules>/accept/", standing.accept, name="accept-rules"),
    path("two-persons/", two_persons.two_persons, name="two-persons"),
    path("two-persons/ask/<str:act>/", two_persons.two_ask, name="two-ask"),
    path("two-persons/<uuid:asked>/approve/", two_persons.two_approve, name="two-approve"),
    path("two-persons/<uuid:asked>/decline/", two_persons.two_decline, name="two-decline"),
]
