"""Login guesses and stuffing: the guesser slows down himself, the victim signs in (I8).

A trial is one try of a guesser, in virtual time over the product's own functions. Each campaign of a
hundred tries has accounts and a transaction of its own (who acts is known to the database for two
minutes from a transaction's beginning, programs for an hour); the right password stands behind what the
promise lets through, so that any entry is a try too many. What the promise is stands here and not in
the policy.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from anwang.access.actions.accounts import add_account
from anwang.access.actions.guesses import Source, recognised, remember_place
from anwang.access.before_sign_in import as_claimed
from anwang.access.context import LOADING, Actor
from anwang.access.factors import add_totp, new_totp_secret
from anwang.access.known_devices import address_of, remember_device, source_of
from anwang.access.models import Account
from anwang.access.passwords import try_code, try_password
from anwang.common.clock import clock_now
from tests.conftest import as_role
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    name="sign_in_guesses",
    what="login guesses and stuffing (virtual time): entries at allowed rates; the victim waits",
    goal="0 entries in 1,000,000; the victim of a lock-out still signs in within 60 s",
    share=5000, whole=1_000_000, portion=5000,
)  # fmt: skip
FAULTS = faults_of("sign_in_guesses")
TRIES: Final = 100  # of one campaign
RIGHT: Final = "an invented pass phrase"
GUESS: Final = "P@ssw0rd-2026"
VICTIM_SECONDS: Final = 60


class Campaign:
    """A hundred tries with accounts, addresses and a clock of their own."""

    def __init__(self, number: int, seed: int) -> None:
        self.number, self.random = number, Random(f"{seed}/{number}")
        self.address = f"198.51.{number // 250 % 250}.{number % 250}"
        self.seconds = number * 86_400 % 10_000_000
        self.found: list[str] = []

    def account(self, word: str) -> Account:
        with as_role("worker"):
            return add_account(
                f"{word}-{uuid.UUID(int=self.random.getrandbits(128)).hex[:12]}", display_name="範例",
                display_name_en="", password=RIGHT, county=None, memberships=[], actor=LOADING,
            )  # fmt: skip

    def opens(self, who: Account) -> None:
        """The right password opens before anybody guesses: else no guess could, and nothing is shown."""
        if try_password(who.username, RIGHT, Source("203.0.113.250", "own")).account is None:
            self.finds("void: the right password does not open")

    def pass_seconds(self, seconds: float) -> None:
        self.seconds += seconds
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('clock.ahead', %s, false)", [f"{self.seconds} seconds"]
            )

    def finds(self, what: str) -> None:
        self.found.append(f"campaign {self.number}: {what}")

    def guess(self, name: str, source: Source, tried: int, allowed: int, what: str) -> int:
        """One try; gives how many were really made. The right password comes after `allowed`."""
        password = RIGHT if tried >= allowed else f"{GUESS}{tried}"
        said = try_password(name, password, recognised(name, source))
        if said.account is not None:
            self.finds(f"{what}: entered with try {tried + 1}, when {allowed} are allowed")
        return tried + (said.wait_seconds == 0)

    def victim(self, who: Account, source: Source, what: str, within: float) -> None:
        """The owner mistypes once and then signs in, waiting as long as told."""
        waited = 0.0
        for password in ("a slip of the hand", RIGHT):
            while wait := (said := try_password(who.username, password, source)).wait_seconds:
                waited += wait
                if waited > within:
                    return self.finds(f"{what}: the victim waits {waited:.0f} s")
                self.pass_seconds(wait)
        if said.account is None:
            return self.finds(f"{what}: the victim does not come in")
        return None


def one_address_one_name(c: Campaign) -> None:
    """Ten tries a second from one address; then the owner signs in at home, unknown there."""
    who, tried = c.account("single"), 0
    c.opens(who)
    for _ in range(TRIES):
        tried = c.guess(who.username, Source(c.address), tried, 5 + 1, "one address, one name")
        c.pass_seconds(0.1)
    c.victim(who, Source("203.0.113.9"), "an address guesses, the owner is elsewhere", 0)
    c.victim(who, Source(c.address, "known"), "at the guesser's address", VICTIM_SECONDS)


def many_addresses_one_name(c: Campaign) -> None:
    """Each try from another address; the owner's device and usual place stay open."""
    who, tried = c.account("swarm"), 0
    c.opens(who)
    remember_place(who.username, Source("203.0.113.7"))
    for number in range(TRIES):
        source = Source(f"2001:db8:{c.number % 65536:x}:{number:x}::/64")
        tried = c.guess(who.username, source, tried, 10 + 1, "many addresses, one name")
        c.pass_seconds(0.1)
    c.victim(who, Source("203.0.113.8", "known"), "a swarm guesses, known device", VICTIM_SECONDS)
    usual = recognised(who.username, Source("203.0.113.7"))
    c.victim(who, usual, "a swarm guesses, usual place", VICTIM_SECONDS)


def one_address_many_names(c: Campaign) -> None:
    """One common password for many names, with a success of the guesser's own after every tenth."""
    own, victim, tried = c.account("own"), c.account("sprayed"), 0
    c.opens(victim)
    for number in range(TRIES):
        if number % 10 == 9:
            try_password(own.username, RIGHT, Source(c.address))
        last = tried >= 60 + 2
        name = victim.username if last else f"nobody-{c.number}-{number}"
        tried = c.guess(name, Source(c.address), tried, 60 + 2, "one address, many names")
        c.pass_seconds(0.1)


def patient_swarm(c: Campaign) -> None:
    """A try a minute from ever new addresses, for an hour and a half."""
    who, tried = c.account("patient"), 0
    c.opens(who)
    for number in range(TRIES):
        source = Source(f"2001:db8:{c.number % 65536:x}:{number:x}::/64")
        tried = c.guess(who.username, source, tried, 10 + 100 * 60 // 300 + 1, "patient swarm")
        c.pass_seconds(60)


def thief_of_a_device(c: Campaign) -> None:
    """Ten tries a second with the mark of a known device."""
    who, tried = c.account("stolen"), 0
    c.opens(who)
    for _ in range(TRIES):
        tried = c.guess(who.username, Source(c.address, "stolen"), tried, 5 + 2, "a known device")
        c.pass_seconds(0.1)
    c.victim(who, Source("203.0.113.6", "another"), "a thief has a device", VICTIM_SECONDS)


def codes_with_the_right_password(c: Campaign) -> None:
    """Who has the password guesses one-time codes, from ever new addresses; then repeats a seen one."""
    who = c.account("codes")
    c.pass_seconds(0)
    secret = new_totp_secret()
    with as_claimed(who.pk):
        add_totp(who.pk, secret, _code(secret), actor=Actor(who.pk))
    c.pass_seconds(60)
    tried = 0
    for number in range(TRIES):
        right = _code(secret)
        guess = right if tried >= 5 + 1 else f"{(int(right) + 1 + number) % 1_000_000:06}"
        proof, wait = try_code(who, guess, Source(f"2001:db8:{number:x}::/64"))
        if proof:
            c.finds(f"codes: entered with try {tried + 1}, when 6 are allowed")
        tried += wait == 0
        c.pass_seconds(0.1)
    seen = _code(secret)
    said = [try_code(who, seen, Source("203.0.113.5", "known")) for _ in range(2)]
    if not said[0][0]:
        c.finds("codes: the victim does not come in from a known device")
    if said[1][0]:
        c.finds("codes: one code opens twice")


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(clock_now().timestamp()) // 30)))


CAMPAIGNS: Final[tuple[Callable[[Campaign], None], ...]] = (
    one_address_one_name, many_addresses_one_name, one_address_many_names, patient_swarm,
    thief_of_a_device, codes_with_the_right_password,
)  # fmt: skip


@contextmanager
def hashes_counted() -> Iterator[list[int]]:
    """How many password hashes are computed in the block."""
    count = [0]
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        count[0] += 1
        return str(encode(self, password, salt))

    MD5PasswordHasher.encode = counted  # type: ignore[method-assign]
    try:
        yield count
    finally:
        MD5PasswordHasher.encode = encode  # type: ignore[method-assign]


def _page(name: str, password: str, address: str) -> tuple[HttpResponse, int]:
    client = Client()
    client.cookies.clear()
    with hashes_counted() as count:
        answer = client.post(
            "/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address
        )
    return answer, count[0]


def same_answers(c: Campaign) -> None:
    """Unknown, ended, right-but-ended: the same words, status and number of hashes."""
    known, ended = c.account("known"), c.account("ended")
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select access.end_account(%s, %s)", [ended.pk, LOADING.id])
    answers = {}
    for word, name, password in (
        ("wrong", known.username, "wrong"), ("unknown", f"x{known.username}", "wrong"),
        ("ended", ended.username, "wrong"), ("ended, right", ended.username, RIGHT),
    ):  # fmt: skip
        answer, hashes = _page(name, password, c.address)
        text = answer.content.decode().replace(name, "")
        told = text[text.find("<main") :].split("csrfmiddlewaretoken")[0]
        answers[word] = (answer.status_code, told, hashes)
    for word, said in answers.items():
        if said != answers["wrong"]:
            c.finds(f"answers: {word} differs from wrong: status {said[0]}, {said[2]} hashes")


def sessions_end_and_change(c: Campaign) -> None:
    """The key changes at signing in; a proof grows old; idle and signed-out sessions are over."""
    who, client = c.account("session"), Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    client.post(
        "/sign-in/", {"username": who.username, "password": RIGHT}, REMOTE_ADDR="192.0.2.77"
    )
    if client.session.session_key == before:
        c.finds("sessions: the key from before signing in still serves")
    with as_claimed(who.pk):
        secret = new_totp_secret()
        add_totp(who.pk, secret, _code(secret), actor=Actor(who.pk))
    if client.get("/account/code/").status_code == 200:
        c.finds("sessions: a password alone counts as a proof beside a second factor")
    other = c.account("plain")
    plain = Client()
    plain.post("/sign-in/", {"username": other.username, "password": RIGHT})
    c.pass_seconds(360)
    if plain.get("/account/code/").status_code == 200:
        c.finds("sessions: a proof of six minutes ago is fresh")
    kept = plain.cookies["sessionid"].value
    plain.post("/sign-out/")
    thief = Client()
    thief.cookies["sessionid"] = kept
    # Signing out deletes the cookie's own row too; put it back as a stolen copy of it would be.
    _restore(kept, other)
    if thief.get("/account/").status_code == 200:
        c.finds("sessions: a signed-out session still opens")
    c.pass_seconds(1800)
    if client.get("/account/").status_code == 200:
        c.finds("sessions: idle for half an hour, and still open")


def _restore(key: str, account: Account) -> None:
    store = SessionStore(session_key=key)
    store._session_cache = {
        "_auth_user_id": str(account.pk),
        "_auth_user_hash": account.get_session_auth_hash(),
        "_auth_user_backend": "anwang.access.sign_in.ByNameAndPassword",
    }
    store.save(must_create=True)


def marks_and_addresses(c: Campaign) -> None:
    """A device's mark serves its own name alone; a header does not make an address."""
    factory, answer = RequestFactory(), HttpResponse()
    mine, theirs = "guesser", "victim"
    remember_device(factory.get("/"), answer, mine)
    request = factory.get("/", REMOTE_ADDR="192.0.2.5", headers={"X-Forwarded-For": "203.0.113.1"})
    probe = HttpResponse()
    remember_device(factory.get("/"), probe, theirs)
    (their_cookie,) = probe.cookies
    request.COOKIES[their_cookie] = next(iter(answer.cookies.values())).value
    if source_of(request, theirs).known:
        c.finds("marks: the mark of one name is known for another")
    if address_of(request) != "192.0.2.5":
        c.finds("marks: a header makes an address")


BESIDES = (same_answers, sessions_end_and_change, marks_and_addresses)


def campaign(check: Callable[[Campaign], None], number: int, seed: int) -> list[str]:
    """What one campaign finds, in a transaction that is taken back."""
    with transaction.atomic():
        c = Campaign(number, seed)
        c.pass_seconds(0)
        check(c)
        transaction.set_rollback(True)  # and the clock with it
    return c.found


def attempt(numbers: range, seed: int) -> list[str]:
    """One line for each entry, waiting victim, or telling answer."""
    found: list[str] = []
    first, last = numbers.start // TRIES, -(-numbers.stop // TRIES)
    for number in range(first, last):
        found += campaign(CAMPAIGNS[number % len(CAMPAIGNS)], number, seed)
    for offset, check in enumerate(BESIDES):
        found += campaign(check, 10_000_000 + first * len(BESIDES) + offset, seed)
    return found


@pytest.fixture(autouse=True)
def unblocked(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The run's database, in which nothing of this is left behind."""
    with django_db_blocker.unblock():
        yield
        connection.close()


def test_guesses_do_not_lead_in_and_victims_are_not_kept_out() -> None:
    hold(FIGURE, attempt)


@pytest.mark.parametrize("fault", rotating(FAULTS), ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault: dict[str, str]) -> None:
    with planted_in_code(fault):
        found = attempt(range(TRIES * len(CAMPAIGNS)), 1)
    assert [one for one in found if "void: " not in one], f"not found: {fault['fault']}"
