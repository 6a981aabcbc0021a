"""The trials of the route matrix: which request each makes, and what its answer must not say."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from anwang.common.yaml_files import read_yaml
from anwang.intake.rules.receipts import read_receipt, receipt_from
from tests.conftest import as_role
from tests.trust.route_world import DELIVERY, NOBODY, Bundle, MatrixWorld

GOLDEN = Path(__file__).with_name("golden") / "routes.yaml"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
OPENS = ("own", "closed")
OBJECTS = ("report", "case", "family", "offer", "attachment", "sealed")
FAMILY_FIELDS = frozenset({"family", "family_number", "family_name"})
MEMBER_FIELDS = frozenset({"member", "second_member", "child", "father"})
FIELD_OF = {"report": "receipt", "case": "case", "family": "family_number", "offer": "offer",
            "attachment": "attachment", "sealed": "report"}  # fmt: skip
ARGUMENT = {
    "delivery": DELIVERY,
    "source": "immunisation",
    "quarantined_row": "00000000-0000-4000-8000-0000000000de",
    "form": "mandated",
    "instrument": "tipvda",
    "rules": "rules-of-use",
    "account": "00000000-0000-4000-8000-0000000000d9",
    "place": "00000000-0000-4000-8000-0000000000da",
    "fulfilment": "00000000-0000-4000-8000-0000000000db",
    "policy": "1",
    "row_place": "0",
    "export_kind": "ods",
    "factor": "1",
    "request": "00000000-0000-4000-8000-0000000000d4",
    "session": "00000000-0000-4000-8000-0000000000d2",
    "identity": "00000000-0000-4000-8000-0000000000d3",
    "safe_adult": "00000000-0000-4000-8000-0000000000dc",
    "correction": "00000000-0000-4000-8000-0000000000ce",
    "drawing": "genogram",
    "escalation": "00000000-0000-4000-8000-0000000000c0",
    "team": "68000-protection",
    "trial": "00000000-0000-4000-8000-0000000000cf",
    "glass": "00000000-0000-4000-8000-0000000000d4",
    "help": "00000000-0000-4000-8000-0000000000d8",
    "act": "rotate-keys",
    "alarm": "00000000-0000-4000-8000-0000000000d5",
    "question": "00000000-0000-4000-8000-0000000000dc",
    "judgement": "00000000-0000-4000-8000-0000000000dd",
    "conflict": "00000000-0000-4000-8000-0000000000d6",
    "dispute": "00000000-0000-4000-8000-0000000000de",
    "transfer": "00000000-0000-4000-8000-0000000000df",
    "helper": "00000000-0000-4000-8000-0000000000e0",
}
# Every name under which a form or an address might carry an id, besides those of the route's own.
CARRIERS = {
    "receipt": "receipt", "other": "receipt", "q": "receipt", "typed": "receipt", "report": "report",
    "report_id": "report_key", "matter": "report", "object_id": "report", "id": "report",
    "case": "case", "case_id": "case", "family": "family", "number": "family_number",
    "offer": "offer", "offer_id": "offer", "attachment_id": "attachment", "person": "child",
    "person_id": "child", "next": "receipt", "named": "report",
}  # fmt: skip
_TOKEN = re.compile(
    r"QZ\d\d[0-9a-f]{6}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{11}"
)
_PER_REQUEST = (
    (re.compile(r'(name="csrfmiddlewaretoken" value=)"[^"]*"'), r"\1"),
    (re.compile(r'"[A-Za-z0-9]{64}"'), '"csrf"'),
    (re.compile(r"nonce-?=?\"?'?[\w+/=-]+"), "nonce"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+\d\d:?\d\d|Z)?"), "instant"),
    (re.compile(r"since=[\w-]+"), "since"),
    # Adding one-time codes shows a fresh secret, and its picture, each time.
    (re.compile(r"data:image/svg\+xml;base64,[\w+/=]+"), "picture"),
    (re.compile(r"<code>[A-Z2-7]{16,64}</code>"), "secret"),
    (re.compile(r'(name="form_token" value=)"[^"]*"'), r"\1"),
)
_STATE = """
select r.id::text, md5(string_agg(part, '|' order by part)) from intake_report r
cross join lateral (
    select m::text as part from triage_matter m where m.report_id = r.id
    union all select t::text from triage_clock t where t.matter_id = r.id
    union all select t::text from triage_decision t where t.matter_id = r.id
    union all select t::text from triage_secondlook t where t.matter_id = r.id
    union all select t::text from triage_offer t where t.matter_id = r.id
    union all select t::text from triage_duty t where t.matter_id = r.id
    union all select t::text from triage_sameeventjudgement t where r.id in (t.matter_id, t.earlier_id)
    union all select t::text from triage_answer t where t.matter_id = r.id
    union all select t::text from intake_reportaddition t where t.report_id = r.id
    union all select t.id::text from intake_attachment t where t.report_id = r.id
    union all select t::text from cases_case t where t.matter_id = r.id
    union all select t::text from access_relation t where t.through = r.id
) parts
where r.id = any(%s::uuid[]) group by r.id
"""  # fmt: skip


# Ids as ours are, of things that never were: the answer for them is what absence looks like.
NEVER = Bundle("never", "68000", "", "", deleted=True, named={
    kind: str(uuid.uuid5(uuid.NAMESPACE_OID, kind)) for kind in
    ("report", "case", "family", "offer", "attachment", "child", "report_key")
} | {"receipt": receipt_from([7] * 10), "family_number": receipt_from([9] * 10)})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Route:
    """One line of golden/routes.yaml."""

    name: str
    methods: tuple[str, ...]
    names: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    room: tuple[str, ...] = ()
    hidden: bool = False
    lists: str = ""
    shows: frozenset[str] = frozenset()
    form: Mapping[str, str] = field(default_factory=dict)
    nobody: str = "sign-in"
    alone: bool = False

    @property
    def objects(self) -> tuple[int, ...]:
        """Places of the path that name one of our objects."""
        return tuple(n for n, kind in enumerate(self.names) if kind in OBJECTS)


@cache
def golden() -> dict[str, Any]:
    """The classification file."""
    read: dict[str, Any] = read_yaml(GOLDEN)
    return read


@cache
def classed_routes() -> dict[str, Route]:
    """Name -> route, as classed."""
    sets = golden()["shows"]
    return {
        name: Route(
            name,
            tuple(said["methods"]),
            tuple(said.get("names", ())), tuple(said.get("through", ())),
            tuple(said.get("room", ())), bool(said.get("hidden")), said.get("lists", ""),
            frozenset(one for group in said.get("shows", ()) for one in sets.get(group, [group])),
            said.get("form", {}), said.get("nobody", "sign-in"), bool(said.get("alone")),
        )
        for name, said in golden()["routes"].items()
    }  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One way to ask: a trial is a block with the bundle whose ids it carries."""

    route: Route
    method: str
    account: str
    place: str  # path-0, path-1, query, form, plain


def blocks(world: MatrixWorld) -> list[Block]:
    """Every block there is."""
    accounts = [*world.seats, NOBODY]
    return [
        Block(route, method, account, place)
        for route in classed_routes().values()
        for method in METHODS
        for account in accounts
        for place in _places(route, method)
    ]


def _places(route: Route, method: str) -> Iterator[str]:
    yield from (f"path-{n}" for n in route.objects)
    if not route.objects:
        yield "plain"
    yield "query"
    if method in ("POST", "PUT", "DELETE"):
        yield "form"


def pile_of(block: Block) -> int:
    """0: a place that lists; 1: an address that names something; 2: ids elsewhere; 3: methods that
    the route does not answer, and visitors."""
    if block.method not in block.route.methods or block.account == NOBODY:
        return 3
    return {"plain": 0}.get(block.place, 1 if block.place.startswith("path") else 2)


# Of seventeen blocks so many of each pile: a list is one request for all bundles, the others one each.
SHARES = (12, 3, 1, 1)


def ordered(all_blocks: Iterable[Block], seed: str) -> list[Block]:
    """The blocks mixed by the seed, the weightier piles first."""

    def lot(block: Block) -> str:
        text = f"{seed}{block.route.name}{block.method}{block.account}{block.place}"
        return hashlib.sha256(text.encode()).hexdigest()

    piles: list[deque[Block]] = [deque() for _ in SHARES]
    for block in sorted(all_blocks, key=lot):
        piles[pile_of(block)].append(block)
    mixed: list[Block] = []
    while any(piles):
        for pile, number in zip(piles, SHARES, strict=True):
            mixed += [pile.popleft() for _ in range(min(number, len(pile)))]
    return mixed


@dataclass(frozen=True)
class Answer:
    """What came back, with what differs at every request taken out."""

    status: int
    told: str
    shown: frozenset[str] = field(compare=False)


def trials(world: MatrixWorld, order: Iterable[Block]) -> Iterator[tuple[Block, Bundle]]:
    """The trials in order: each block with every bundle that has the kinds of id it carries."""
    for block in order:
        kinds = {FIELD_OF[block.route.names[n]] for n in block.route.objects
                 if block.place == f"path-{n}"}  # fmt: skip
        for bundle in world.bundles:
            if kinds <= bundle.named.keys():
                yield block, bundle


class Asking:
    """Sends requests, each taken back afterwards, and judges the answers."""

    def __init__(self, world: MatrixWorld, clients: Mapping[str, Client]) -> None:
        self.world, self.clients = world, clients
        self._baselines: dict[Block, Answer] = {}
        self._answers: dict[Block, Answer] = {}
        self._foreign: dict[str, tuple[list[Bundle], dict[str, str]]] = {}

    def faults(self, block: Block, bundle: Bundle) -> Iterator[str]:
        """What is wrong with the answer to this trial, in words."""
        answer = self._answer(block, bundle)
        asked = f"{block.route.name} {block.method} by {block.account}, {block.place}"
        for fault in self._faults(block, bundle, answer):
            yield f"{asked} of {bundle.name}: {fault}"

    def _faults(self, block: Block, bundle: Bundle, answer: Answer) -> Iterator[str]:
        route = block.route
        if answer.status >= 500:
            yield f"status {answer.status}"
        yield from self._said(block, bundle, answer)
        expected = self.expected(block, bundle)
        if expected == "page":
            closed = answer.status in (403, 404) or (
                answer.status == 405 and block.method != "HEAD"
            )
            if closed and block.place == "path-0" and len(route.objects) == 1:
                yield f"status {answer.status} for whom it should open to"
            return
        if block.method == "HEAD" and answer.status == 405:
            return
        wanted = {"refused": 403, "absent": 404, "method": 405, "sign-in": 302}.get(expected)
        if wanted and answer.status != wanted:
            yield f"status {answer.status}, wanted {wanted}"
        if route.alone:  # challenges and secrets of one's own, drawn anew each time
            return
        never = answer if block.place == "plain" else self._baseline(block)
        if answer != never and not self._listed(block, bundle, f"{route.lists}_name"):
            # Once more, both: a minute may have struck between the two.
            self._baselines.pop(block, None)
            again, never = self._send(block, bundle), self._baseline(block)
            if again != never:
                yield "the answer differs from that for what never was: " + _first_difference(
                    again, never
                )

    def expected(self, block: Block, bundle: Bundle) -> str:
        """page, absent, refused, method, sign-in, or same: as for what never was."""
        route, account = block.route, block.account
        if block.method in ("PUT", "DELETE", "OPTIONS"):
            return "method"  # before anybody is asked who he is
        if account == NOBODY and route.nobody == "sign-in":
            return "sign-in"
        if route.nobody != "sign-in":
            return "same"
        method = "GET" if block.method == "HEAD" else block.method
        if method not in route.methods:
            return "method"
        if route.room and not self._in_room(account, route):
            return "absent" if route.hidden else "refused"
        relation = self.world.relation(account, bundle, route.through)
        if relation in OPENS:
            return "page"
        if block.place.startswith("path"):
            return "absent"
        return "same"

    def _in_room(self, account: str, route: Route) -> bool:
        seats = self.world.seats.get(account, ())
        return any(str(seat.role) in route.room and not seat.ended for seat in seats)

    def _said(self, block: Block, bundle: Bundle, answer: Answer) -> Iterator[str]:
        """Canaries in the answer that this account may not see here."""
        sent = set(bundle.named.values()) if block.place != "plain" else set()
        for token in sorted(answer.shown - sent):
            owner, name = self.world.canaries[token]
            through = _tie_for(name, block.route)
            relation = self.world.relation(block.account, owner, through)
            named = {FIELD_OF[kind] for kind in block.route.names if kind in FIELD_OF}
            if block.place == "plain" and owner is not bundle:
                continue
            if relation not in OPENS or name not in block.route.shows | named:
                yield f"shows {name} of {owner.name} ({relation})"
        own = {
            name
            for owner, name in map(self.world.canaries.get, answer.shown & sent)
            if not self._listed(block, owner, name)
        }
        if self.expected(block, bundle) == "page":
            carried = set(CARRIERS.values()) | {
                FIELD_OF[k] for k in block.route.names if k in FIELD_OF
            }
            yield from (f"shows {name} of {bundle.name}, which no such page may"
                        for name in sorted(own - block.route.shows - carried))  # fmt: skip
        else:
            carried = set(CARRIERS.values()) | set(FIELD_OF.values())
            yield from (f"shows {name} of {bundle.name} (absent)" for name in sorted(own - carried))

    def _listed(self, block: Block, owner: Bundle, name: str) -> bool:
        """Whether a list has this of its own accord: a family in which the reader's team works."""
        if not block.route.lists or name not in FAMILY_FIELDS:
            return False
        return self.world.relation(block.account, owner, ("family",)) in OPENS

    def _answer(self, block: Block, bundle: Bundle) -> Answer:
        if block.place != "plain":
            return self._send(block, bundle)
        if block not in self._answers:
            self._answers[block] = self._send(block, NEVER)
        return self._answers[block]

    def _baseline(self, block: Block) -> Answer:
        if block not in self._baselines:
            self._baselines[block] = self._send(block, NEVER)
        return self._baselines[block]

    def _own(self, block: Block) -> Bundle:
        """Something that the account may open by this route, else what never was."""
        for one in self.world.bundles:
            if self.world.relation(block.account, one, block.route.through) in OPENS:
                return one
        return NEVER

    def _send(self, block: Block, bundle: Bundle) -> Answer:
        own = self._own(block)
        path = self._path(block, bundle, own)
        at_path = own if not block.place.startswith("path") else bundle
        said: dict[str, Any] = {}
        if block.place == "query":
            path += "?" + "&".join(f"{n}={bundle.named.get(f, NEVER.named[f])}"
                                   for n, f in CARRIERS.items())  # fmt: skip
        if block.place == "form":
            said |= {n: bundle.named.get(f, NEVER.named[f]) for n, f in CARRIERS.items()}
        said |= {n: _filled(text, at_path) for n, text in block.route.form.items()}
        client = self.clients[block.account]
        kept = client.cookies.copy()
        mark = transaction.savepoint()
        try:
            writes = block.method not in ("GET", "HEAD", "OPTIONS")
            foreign, before = self._foreign_to(block.account) if writes else ([], {})
            response = self._requested(client, block, path, said)
            changed = before and response.status_code < 400 and self._state(foreign) != before
        finally:
            transaction.savepoint_rollback(mark)
            client.cookies = kept
        if changed:
            return Answer(599, "a foreign object was changed", frozenset())
        return self._read(response, bundle)

    def _requested(self, client: Client, block: Block, path: str, said: dict[str, Any]) -> Any:
        call = getattr(client, block.method.lower())
        if block.route.name == "api-v1:deliver_report":
            body = {"narrative": "範例", "subjects": []} | said
            return client.generic(
                block.method, path, json.dumps(body), content_type="application/json",
                headers={"Authorization": f"Bearer {self.world.credential}"},
            )  # fmt: skip
        if block.method in ("PUT", "DELETE"):
            return call(path, json.dumps(said), content_type="application/json")
        return call(path, said) if block.method == "POST" else call(path)

    def _path(self, block: Block, bundle: Bundle, own: Bundle) -> str:
        arguments = []
        for number, kind in enumerate(block.route.names):
            if kind not in OBJECTS:
                arguments.append(ARGUMENT[kind])
                continue
            chosen = bundle if block.place == f"path-{number}" else own
            wanted = FIELD_OF[kind]
            arguments.append(chosen.named.get(wanted, NEVER.named[wanted]))
        return reverse(block.route.name, args=arguments)

    def _foreign_to(self, account: str) -> tuple[list[Bundle], dict[str, str]]:
        """What is not the account's, and its rows: every trial is taken back, so they stay the same."""
        if account not in self._foreign:
            foreign = [b for b in self.world.bundles if not b.deleted and not any(
                self.world.relation(account, b, (t,)) in OPENS
                for t in ("desk", "team", "case", "family", "author"))]  # fmt: skip
            self._foreign[account] = foreign, self._state(foreign)
        return self._foreign[account]

    def _state(self, foreign: list[Bundle]) -> dict[str, str]:
        with as_role("worker"), connection.cursor() as cursor:
            cursor.execute(_STATE, [[str(one.report) for one in foreign]])
            return dict(cursor.fetchall())

    def _read(self, response: Any, bundle: Bundle) -> Answer:
        body = b"".join(response.streaming_content) if response.streaming else response.content
        parts = [body.decode("utf-8", "replace")]
        parts += [f"{name}: {value}" for name, value in sorted(response.headers.items())
                  if name not in ("Content-Length", "Content-Security-Policy")]  # fmt: skip
        for name, morsel in sorted(response.cookies.items()):
            if name == "messages":
                told = CookieStorage(HttpRequest())._decode(morsel.value)
                parts.append(f"messages: {told}")
            else:
                parts.append(f"cookie {name} {morsel['max-age']}")
        text = "\n".join(parts)
        shown = frozenset(t for t in _TOKEN.findall(text) if t in self.world.canaries)
        if response.status_code == 302 and "/receipts/" in response.headers.get("Location", ""):
            fresh = response.headers["Location"].split("/")[2]
            text = text.replace(fresh, "receipt")
        return Answer(response.status_code, _plain(text, bundle), shown)


def _tie_for(name: str, route: Route) -> tuple[str, ...]:
    """Through which ties a field may be shown: a family's pages show all its teams the family's own
    fields, and of a case or report only what is the reader's."""
    if "audits" in route.through:
        return route.through
    if name in FAMILY_FIELDS:
        return ("family",)
    if name in MEMBER_FIELDS:
        return ("family", *route.through)
    if name == "case":
        return ("case",)
    return ("team", "desk") if route.through == ("family",) else route.through


def _filled(text: str, bundle: Bundle) -> str:
    return text.format(version=bundle.version or "2026-03-02T09:12:00+08:00", words="範例文字")


def _plain(text: str, bundle: Bundle) -> str:
    """The text without what differs at each request, and with the ids that were asked for named."""
    for named in (bundle.named, NEVER.named):
        for name, value in named.items():
            if name in CARRIERS.values():
                text = text.replace(value, f"[{name}]")
    for pattern, instead in _PER_REQUEST:
        text = pattern.sub(instead, text)
    return _TOKEN.sub(lambda m: "[id]" if _is_id(m.group()) else m.group(), text)


def _is_id(text: str) -> bool:
    return "-" in text or read_receipt(text) is not None


def _first_difference(one: Answer, other: Answer) -> str:
    if one.status != other.status:
        return f"status {one.status}, {other.status}"
    lines = zip(one.told.splitlines(), other.told.splitlines(), strict=False)
    for left, right in lines:
        if left != right:
            return f"{left.strip()[:120]!r} against {right.strip()[:120]!r}"
    return f"{len(one.told)} and {len(other.told)} signs"
