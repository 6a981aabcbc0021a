"""Lists held against lists: what the product has, and what it says about each (decision 29)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from procrastinate.contrib.django import app as queue

from anwang.access.vocabulary import Act
from anwang.common.yaml_files import read_yaml
from anwang.rulebook.rules.loader import _Loader
from tests.trust.source_graph import ROOT, Graph, product_sources

SAMPLES = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000000", "str": "A", "slug": "a"}
# Open to everybody, reviewed one by one; all else asks who is there.
PUBLIC = {
    "web:health": "says only that the server answers",
    "web:violations": "takes what browsers tell of a policy; says nothing",
    "access:leave": "the quick exit: open to whoever must leave",
    "access:sign-in": "the way in",
    "access:second": "the second step of the way in; without the first it leads there",
    "access:passkey-sign-in": "the way in by a passkey",
    "access:first-password": "the way in by a code, for who has no password yet",
    "access:passkey-options": "a challenge, kept in the visitor's own session",
    "access:oidc": "the way in through another system; absent where none is known",
    "access:oidc-answer": "where the other system sends a visitor back to",
    "access:sign-out": "ends a session; there is nothing to see",
    "set_language": "remembers a choice in the visitor's own cookie",
    "api-v1:openapi-json": "the format of reports, published",
    "api-v1:api-root": "names the API's version",
    "api-v1:deliver_report": "other systems' door: asks for a credential itself (401)",
    "api-v1:messages_of_report": "as above: the sender's own reports alone",
    "api-v1:answer_to_office": "as above",
}
# Signed in is enough: nothing personal stands there.
NO_PERMIT_NEEDED = {
    **{
        f"access:{name}": "an account's own factors and sessions; the row rules show no others"
        for name in (
            "account",
            "again",
            "password",
            "code",
            "recovery",
            "passkey",
            "new-passkey-options",
            "remove-factor",
            "end-session",
            "end-other-sessions",
            "oidc-again",
            "oidc-link",
            "oidc-unlink",
        )
    },
    "web:home": "leads to the first room of the account",
    "web:my-reach": "what one's own account reaches, in numbers; its reading is put on record",
    "access:standing": "what one's own roles need; open to who may see nothing else",
    "access:accept-rules": "accepts for oneself; the database asks for a role that needs it",
    "rulebook:policies": "rules that an authority publishes anyway",
    "rulebook:policy": "rules that an authority publishes anyway",
    "rulebook:export": "rules that an authority publishes anyway",
}
PERMITS = re.compile(r"permissions[.:]check_|:check_role$|:check_can_")
RECORDS = {
    "anwang.access.actions.entries:record_event",
    "anwang.access.actions.entries:record_events",
    "anwang.access.actions.entries:record_apart",
}
UNAUDITED = {
    "anwang.access.actions.standing:load_requirements": "shipped policy, as the lists below",
    "anwang.access.actions.look_rules:load_look_rules": "shipped policy, as the lists below",
    "anwang.directory.actions:load_directory": "shipped code lists, before anybody can sign in",
    "anwang.directory.actions:load_teams": "as above",
    "anwang.access.actions.two_person_acts:load_two_person_acts": "shipped ranks and acts",
    "anwang.registries.actions.sources:load_sources": "shipped manifests",
    "anwang.rulebook.actions.shipped:load_policies": "a version's row, with hash and instant, is the record",
    "anwang.rulebook.actions.shipped:load_first_clock": "shipped with the policy; its version is the record",
    "anwang.intake.actions:deliver": "the report's row is the record; a sweeper adds the entry",
    "anwang.people.actions.links:hold_records": "forms of a screening's records; its entry is theirs",
    "anwang.triage.actions.sweeping:forget_old_traces": "keys derived from reports that stay",
    "anwang.cases.oversight.actions.attempts:forget_old_attempts": "what mattered is in the audit",
    "anwang.intake.actions:attach": "as deliver: reporting stays open when the audit is down",
}
# Acts of rooms that are not built yet.
# Written by a function of the database, since the application must not learn their objects.
ACTS_OF_SQL = {"duties-handed-over": "cases.hand_over", "report-escalated": "triage.climb"}
WAITING_ACTS = {
    "searched": "finding a person by name",
}


def _routes(
    resolver: URLResolver | None = None, space: str = "", before: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """(name with its namespace, address with sample arguments, view) of every route."""
    for one in (resolver or get_resolver()).url_patterns:
        said = re.sub(r"\(\?P<\w+>(\w+)[^)]*\)", r"\1", str(one.pattern)).strip("^$")
        path = before + re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES[m.group(1) or "str"], said)
        if isinstance(one, URLPattern):
            yield space + (one.name or ""), path, one.callback
        else:
            inner = f"{one.namespace}:" if one.namespace else space
            yield from _routes(one, inner, path)


def routes() -> dict[str, tuple[str, Any]]:
    """Name -> (address, view)."""
    return {name: ("/" + path, view) for name, path, view in _routes()}


def _place(view: Any) -> str:
    view = getattr(view, "view_class", view)
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return f"{view.__module__}:{view.__qualname__}"


def views_without_permit(sources: Mapping[str, str]) -> list[str]:
    """Routes to our own views that reach no check of a permission."""
    graph = Graph.of(sources)
    lacking = []
    for name, (_, view) in routes().items():
        if name in PUBLIC or name in NO_PERMIT_NEEDED:
            continue
        if not any(PERMITS.search(one) for one in graph.reach(_place(view))):
            lacking.append(name)
    return lacking


def actions_without_entry(sources: Mapping[str, str]) -> list[str]:
    """Functions in actions modules that change rows, write no entry, and are no part of one that does."""
    graph = Graph.of(sources)

    def recorded(place: str, asked: frozenset[str] = frozenset()) -> bool:
        if place in UNAUDITED or graph.reach(place) & RECORDS:
            return True
        # A view that records a reading does not speak for the action that it calls.
        users = [u for u in graph.users(place) if u not in asked and ".actions" in u]
        return bool(users) and all(recorded(u, asked | {place}) for u in users)

    places = [p for p in graph.bodies if re.search(r"\.actions(\.\w+)?:[a-z_]+$", p)]
    return [
        place
        for place in places
        if place.partition(":")[0] != "anwang.access.actions.entries" and graph.writes(place)
        and not recorded(place)
    ]  # fmt: skip


def rows_without_citation(policies: Mapping[str, str]) -> list[str]:
    """Rows and clocks of policy files that name no law and no reason."""
    lacking = []
    for file, text in policies.items():
        body = yaml.load(text, Loader=_Loader)
        for row in [*(body.get("rows") or ()), *(body.get("clocks") or ())]:
            if not str(row.get("citation") or "").strip():
                lacking.append(f"{file} {row.get('id')}")
    return lacking


def unserved_queues(sources: Mapping[str, str]) -> set[str]:
    """Queues that tasks name and that the worker leaves out."""
    named = {q for text in sources.values() for q in re.findall(r"queue=\"([\w-]+)\"", text)}
    worker = sources["anwang.triage.management.commands.work"]
    limited = re.search(r"queues=\[([^\]]*)\]", worker)
    return named - set(re.findall(r"[\w-]+", limited.group(1))) if limited else set()


def unused_acts(sources: Mapping[str, str]) -> list[str]:
    """Acts of the vocabulary that nothing writes."""
    text = "\n".join(t for name, t in sources.items() if name != "anwang.access.vocabulary")
    return [act.value for act in Act if not re.search(rf"\bAct\.{act.name}\b", text)]


def _policies() -> dict[str, str]:
    files = ROOT.glob("anwang/*/policies/**/*.yaml")
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(files)}


def test_every_view_asks_for_a_permission() -> None:
    assert views_without_permit(product_sources()) == []


def test_the_reviewed_lists_name_only_routes_that_exist() -> None:
    assert sorted((PUBLIC | NO_PERMIT_NEEDED).keys() - routes().keys()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_sends_an_unknown_visitor_to_sign_in(client: Client, method: str) -> None:
    let_in = []
    for name, (address, _) in routes().items():
        if name in PUBLIC:
            continue
        answer = getattr(client, method)(address)
        if answer.status_code != 302 or not answer["Location"].startswith("/sign-in/"):
            let_in.append(f"{name}: {answer.status_code}")
    assert let_in == []


@pytest.mark.django_db
def test_the_api_refuses_a_report_without_a_credential(client: Client) -> None:
    answer = client.post("/api/v1/reports", b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.json()["message"]["zh"]


def test_every_action_writes_an_audit_entry_or_is_part_of_one_that_does() -> None:
    assert actions_without_entry(product_sources()) == []


def test_every_policy_row_has_a_citation() -> None:
    policies = _policies()
    assert len(policies) > 10
    assert rows_without_citation(policies) == []


def test_every_queue_has_a_worker() -> None:
    assert unserved_queues(product_sources()) == set()
    ours = {task.queue for name, task in queue.tasks.items() if not name.startswith("builtin")}
    assert ours, "procrastinate found no task of ours"


def test_every_act_is_written_somewhere() -> None:
    assert (
        sorted(set(unused_acts(product_sources())) - WAITING_ACTS.keys() - ACTS_OF_SQL.keys()) == []
    )


FAULTS = read_yaml(Path(__file__).with_name("faults.yaml"))
FINDERS: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "views_without_permit": views_without_permit,
    "actions_without_entry": actions_without_entry,
    "rows_without_citation": rows_without_citation,
    "unserved_queues": unserved_queues,
    "unused_acts": unused_acts,
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault: dict[str, str]) -> None:
    """Each fault of faults.yaml is put into a copy of the product; its finder must name it."""
    texts = _policies() if fault["in"].endswith(".yaml") else product_sources()
    assert fault["old"] in texts[fault["in"]], "the fault does not fit any more: renew faults.yaml"
    faulty = texts | {fault["in"]: texts[fault["in"]].replace(fault["old"], fault["new"], 1)}
    found = FINDERS[fault["finder"]](faulty)
    assert any(fault["finds"] in str(one) for one in found), found
