"""Rules of passwords: long ones of any signs are good, well-known ones are not, none is cut or changed."""

from __future__ import annotations

import hashlib
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import (
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.test import Client, override_settings

from anwang.web.management.commands.prepare import Command as Prepare
from config.settings import base


@pytest.mark.parametrize(
    "given",
    [
        "short",
        "elevensigns",
        "password1234",
        "qwertyuiop123",
        "123456789012",
        "an-wang for me",
        "家防中心的密碼夠長吧",
    ],
)
def test_a_short_or_well_known_password_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(given)


def test_the_most_common_passwords_of_allowed_length_are_refused() -> None:
    """ASVS asks for the 3,000 most common that the rule of length would let through."""
    lists = [one for one in get_default_password_validators() if hasattr(one, "passwords")]
    [least] = [
        one.min_length for one in get_default_password_validators() if hasattr(one, "min_length")
    ]
    long = {word for one in lists for word in one.passwords if len(word) >= least}
    assert len([word for word in long if not word.isdigit()]) >= 3_000
    for given in sorted(long)[::50]:
        with pytest.raises(ValidationError):
            validate_password(given.title())


@pytest.mark.parametrize(
    "given",
    [
        "kxbdlqpwmzrt",
        "一二三四五六七八九十甲乙",
        "only lower case words here",
        "x7" * 64,
        "🌙" * 20,
    ],
)
def test_any_signs_and_any_length_are_taken(given: str) -> None:
    """No rule of composition, and at least 64 signs."""
    validate_password(given)


def test_a_password_is_compared_as_it_was_given() -> None:
    long = "A" * 100
    kept = make_password(long)
    assert check_password(long, kept)
    for other in (long.lower(), long[:99], long + " ", " " + long):
        assert not check_password(other, kept)


def test_passwords_are_kept_under_a_slow_hash_with_a_salt() -> None:
    assert not hasattr(base, "PASSWORD_HASHERS"), "the framework's own first choice is in force"
    assert PBKDF2PasswordHasher.iterations >= 600_000
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        hasher = PBKDF2PasswordHasher()
        hasher.iterations = 1000
        assert hasher.encode("x", hasher.salt()) != hasher.encode("x", hasher.salt())


def test_a_breached_password_is_refused_where_the_operator_provides_the_ranges(tmp_path):
    def noted(password: str) -> None:
        digest = hashlib.sha1(password.encode()).hexdigest().upper()
        with (tmp_path / f"{digest[:5]}.txt").open("a") as out:
            out.write(f"{'0' * 35}:7\n{digest[5:]}:12\n")

    noted("a sentence that leaked once")
    with override_settings(BREACHED_PASSWORDS=str(tmp_path)):
        with pytest.raises(ValidationError) as refused:
            validate_password("a sentence that leaked once")
        assert [error.code for error in refused.value.error_list] == ["password_breached"]
        with pytest.raises(ImproperlyConfigured, match="has no range"):
            validate_password("a sentence whose range is missing")
    validate_password("a sentence that leaked once")


def test_a_production_instance_without_the_ranges_is_warned_at_its_start(tmp_path):
    def told(kind: str = "production") -> str:
        words = StringIO()
        Prepare(stderr=words, no_color=True).warn(kind)
        return words.getvalue()

    assert "ANWANG_BREACHED_PASSWORDS names no folder" in told()
    assert told("test") == told("demo") == ""
    with override_settings(BREACHED_PASSWORDS=str(tmp_path)):
        assert "has no range 00000.txt" in told()
        for prefix in ("00000", "FFFFF"):
            (tmp_path / f"{prefix}.txt").write_text(f"{'0' * 35}:7")
        assert told() == ""


@pytest.mark.django_db
def test_the_field_hides_what_is_typed_and_lets_a_password_manager_work(client: Client) -> None:
    page = client.get("/sign-in/").content.decode()
    assert 'name="password" type="password" autocomplete="current-password"' in page
    assert "onpaste" not in page


def test_no_password_ends_by_age_and_no_question_stands_in_for_it() -> None:
    names = " ".join(one["NAME"].lower() for one in settings.AUTH_PASSWORD_VALIDATORS)
    assert not any(word in names for word in ("expir", "history", "complex", "uppercase", "symbol"))
    fields = {field.name for model in __import__("django.apps", fromlist=["apps"]).apps.get_models()
              for field in model._meta.get_fields()}  # fmt: skip
    assert not fields & {
        "hint",
        "password_hint",
        "secret_question",
        "security_question",
        "password_expires",
    }
