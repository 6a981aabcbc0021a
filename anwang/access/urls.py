"""Addresses of signing in and out."""

from django.urls import path

from anwang.access.leaving import PATH, leave
from anwang.access.views.sign_in import SignIn, SignOut

app_name = "access"
urlpatterns = [
    path(PATH.lstrip("/"), leave, name="leave"),
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
]
