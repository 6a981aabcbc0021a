"""The open copy of a report: typed as the format says, without the reporter and without plain IDs.

Later stages rely on its shape: `subjects` is a list of objects with text fields, `concerns` a list
of codes, `immediate_danger` yes, no or unknown, `incident` and `answers` objects, `narrative` a
text. What did not fit stands under `unplaced`, what was odd under `odd`, and all as delivered in
the vault. A field that is lost here may be the one that tells of a weapon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from anwang.common.values.national_id import parse_id
from anwang.common.values.roc_dates import TAIPEI, parse_birth
from anwang.intake.rules import words
from anwang.intake.rules.bodies import clean
from anwang.intake.rules.identity import Hider, hider_of, hider_of_places, without_ids
from anwang.intake.rules.instants import read_instant
from anwang.intake.rules.schema import departures, schema, subject_fields
from anwang.people.rules.addresses import parse_address
from anwang.people.rules.places import county_code

OpenId = Callable[[object], dict[str, Any]]
SECRET_FIELDS: Final = ("name", "organisation", "phone", "email", "learned_at")
SAFE_FIELDS: Final = ("safe_address", "safe_phone", "safe_times")
MOST_SUBJECTS: Final = 200
MOST_UNPLACED: Final = 30
LONGEST_UNPLACED: Final = 1000
_LONGEST_KEPT: Final = {
    "name": 200,
    "address": 600,
    "birth": 80,
    "phone": 80,
    "name_romanised": 400,
}
_ABOUT_THE_REPORTER: Final = re.compile(
    r"report|call|contact|inform|notif|staff|teacher|e-?mail|phone|tel|sender|author|user"
    r"|通報|聯絡|報案|來電|電話|信箱|老師|填表|承辦|單位",
    re.IGNORECASE,
)
_EMOJI: Final = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d\ufffd]")
_FULL_WIDTH: Final = re.compile("[０-９Ａ-Ｚａ-ｚ]")
_DAY_WRITTEN: Final = re.compile(r"\d{6,8}|\d+\D+\d+\D+\d+")


@dataclass(slots=True)
class OpenCopy:
    """What `read_report` found: the open body, marks by code, and what goes to the vault."""

    body: dict[str, Any] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    reporter: dict[str, str] = field(default_factory=dict)
    safe: dict[str, dict[str, str]] = field(default_factory=dict)
    report_id: str | None = None
    sender_said: str = ""
    channel: str = "system"
    county: str | None = None
    received_at: datetime | None = None


def read_report(body: Mapping[str, Any], *, now: datetime, open_id: OpenId) -> OpenCopy:
    """The open copy of any JSON object. `now` tells dates that lie ahead. Never an error."""
    return _Reading(body, now, open_id).read()


class _Reading:
    def __init__(self, body: Mapping[str, Any], now: datetime, open_id: OpenId) -> None:
        self.said = body
        self.now = now
        self.open_id = open_id
        self.found = OpenCopy()
        self.odd: list[dict[str, str]] = []
        self.unplaced: list[dict[str, str]] = []
        self.hider = self.safe_hider = Hider(())

    def read(self) -> OpenCopy:
        found = self.found
        for mark, place in departures(self.said):
            self.mark(mark, place)
        reporter = self.reporter()
        people = self.people()
        self.hider = hider_of(
            found.reporter,
            names=[one["name"] for one in people if isinstance(one.get("name"), str)],
            phones=[one["phone"] for one in people if isinstance(one.get("phone"), str)],
        )
        found.safe = self.safe_places(people)
        self.safe_hider = hider_of_places(found.safe.values())
        # The safe places first: a name within an address would break it in two.
        self.hider = Hider(self.safe_hider.patterns + self.hider.patterns)
        if reporter.get("role"):
            reporter["role"] = self.text(reporter["role"], "reporter")
        found.body = {
            "channel": self.channel(),
            "reporter": reporter,
            "subjects": [self.subject(one, number) for number, one in enumerate(people)],
            "concerns": self.concerns(),
            "immediate_danger": self.danger(),
            "incident": self.incident(),
            "narrative": self.narrative(),
            "answers": self.answers(),
        }
        self.keys_of_delivery()
        self.county()
        self.rest(self.said, schema()["properties"], "")
        found.body |= {"odd": self.odd[:100], "unplaced": self.unplaced}
        return found

    # Marks and texts

    def mark(self, code: str, place: str = "") -> None:
        if code not in self.found.marks:
            self.found.marks.append(code)
        entry = {"code": code, "at": self.hider.hide(without_ids(clean(place))[0])[0][:120]}
        if entry not in self.odd[-100:]:
            self.odd.append(entry)

    def text(self, value: object, place: str, *, longest: int | None = None) -> str:
        """`value` as a text that may stand open: no identity of the reporter, no plain number."""
        plain = self.plain(value, place)
        plain, had_id = without_ids(plain)
        if had_id:
            self.mark("id-in-text", place)
        plain, had_reporter = self.hider.hide(plain)
        if had_reporter:
            self.mark("reporter-in-text", place)
        if longest is not None and len(plain) > longest:
            self.mark("text-cut", place)
            plain = plain[:longest]
        return plain

    def plain(self, value: object, place: str) -> str:
        if isinstance(value, str):
            cleaned = clean(value)
            if cleaned != value:
                self.mark("signs-removed", place)
            return cleaned
        if value is None:
            return ""
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return clean("\n".join(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        return clean(json.dumps(value, ensure_ascii=False, default=str))

    def rest(self, said: Mapping[str, Any], known: Mapping[str, Any], place: str) -> None:
        """What the format has no field for: shown to the desk, unless it may name the reporter."""
        for name, value in said.items():
            if name in known or value in (None, "", [], {}):
                continue
            at = f"{place}{name}"[:80]
            if _ABOUT_THE_REPORTER.search(str(name)) or len(self.unplaced) >= MOST_UNPLACED:
                self.mark("field-held-back", at)
                continue
            self.place_apart(at, value)

    def place_apart(self, place: str, value: object) -> None:
        if len(self.unplaced) < MOST_UNPLACED:
            shown = self.text(value, place, longest=LONGEST_UNPLACED)
            self.unplaced.append({"at": self.text(place, "")[:80], "text": shown})

    # Who reported

    def reporter(self) -> dict[str, Any]:
        said = self.said.get("reporter")
        if said is None:
            return {"role": None, "mandated": None, "anonymous": None}
        if not isinstance(said, Mapping):
            self.found.reporter = {"name": self.plain(said, "reporter")}
            return {"role": None, "mandated": None, "anonymous": None}
        secret = {
            name: self.plain(said[name], "reporter")
            for name in SECRET_FIELDS
            if said.get(name) not in (None, "")
        }
        known = {*SECRET_FIELDS, "role", "mandated", "anonymous"}
        more = {str(name): value for name, value in said.items() if name not in known}
        if more:
            secret["more"] = self.plain(more, "reporter")
        self.found.reporter = secret
        role = self.plain(said.get("role"), "reporter")[:80] or None
        mandated, anonymous = (
            words.yes_or_no(said.get(name)) for name in ("mandated", "anonymous")
        )
        return {"role": role, "mandated": mandated, "anonymous": anonymous}

    # The people it is about

    def people(self) -> list[dict[str, Any]]:
        said = self.said.get("subjects")
        if isinstance(said, Mapping):
            said = [said]
        elif not isinstance(said, list):
            said = [said] if said not in (None, "") else []
        if not said:
            self.mark("subjects-missing", "subjects")
        if len(said) > 30:
            self.mark("subjects-many", "subjects")
        if len(said) > MOST_SUBJECTS:
            self.mark("subjects-cut", "subjects")
        return [
            dict(one) if isinstance(one, Mapping) else {"notes": self.plain(one, "subjects")}
            for one in said[:MOST_SUBJECTS]
        ]

    def safe_places(self, people: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """Where somebody is safe, for the vault alone (R7): subject's number -> its safe fields."""
        found: dict[str, dict[str, str]] = {}
        for number, one in enumerate(people):
            said = {
                name: self.plain(one[name], f"subjects/{number}/safe")
                for name in SAFE_FIELDS
                if one.get(name) not in (None, "", [], {})
            }
            if said:
                found[str(number)] = said
        return found

    def subject(self, said: Mapping[str, Any], number: int) -> dict[str, Any]:
        place = f"subjects/{number}/"
        person: dict[str, Any] = {"role": self.role(said.get("role"), place)}
        for name in subject_fields():
            value = said.get(name)
            if name in ("role", "sex", "national_id", *SAFE_FIELDS) or value is None:
                continue
            longest = _LONGEST_KEPT.get(name)
            if name in ("name", "name_romanised", "phone", "address", "birth"):
                # Identifying fields are the family's: only notes are searched for the reporter.
                kept, had_id = without_ids(self.plain(value, place + name))
                if had_id:
                    self.mark("id-in-text", place + name)
                kept, had_place = self.safe_hider.hide(kept)
                if had_place:
                    self.mark("safe-place-in-text", place + name)
                if longest and len(kept) > longest:
                    self.mark("text-cut", place + name)
                person[name] = kept[:longest]
            else:
                person[name] = self.text(value, place + name)
        if str(number) in self.found.safe:
            person["protected"] = True
        if "sex" in said:
            person["sex"] = self.sex(said["sex"], place)
        number_said = said.get("national_id")
        if number_said not in (None, ""):
            person["id"] = self.number(number_said, place)
        self.look_at(person, said, place)
        self.rest(said, subject_fields(), place)
        return person

    def role(self, said: object, place: str) -> str:
        code = words.code_of(said, "subject_roles") if isinstance(said, str) else None
        if code is None:
            self.mark("role-unknown", place + "role")
        return code or "other"

    def sex(self, said: object, place: str) -> str:
        code = words.code_of(said, "sexes") if isinstance(said, str) else None
        if code is None and said not in (None, ""):
            self.mark("sex-unknown", place + "sex")
        return code or ""

    def number(self, said: object, place: str) -> dict[str, Any]:
        plain = self.plain(said, place + "national_id").strip()
        parsed = parse_id(plain)
        if parsed.masked:
            self.mark("id-masked", place + "national_id")
        elif parsed.normal and not parsed.valid:
            self.mark("id-checksum-wrong", place + "national_id")
        elif not parsed.normal:
            self.mark("id-unreadable", place + "national_id")
        return self.open_id(plain)

    def look_at(self, person: Mapping[str, Any], said: Mapping[str, Any], place: str) -> None:
        name = person.get("name", "")
        if not name.strip():
            self.mark("name-empty", place + "name")
        elif _EMOJI.search(name):
            self.mark("name-odd-signs", place + "name")
        for field_name in ("national_id", "phone", "birth"):
            if isinstance(said.get(field_name), str) and _FULL_WIDTH.search(said[field_name]):
                self.mark("full-width-digits", place + field_name)
        birth = person.get("birth", "")
        if birth.strip():
            self.look_at_birth(birth, place + "birth")

    def look_at_birth(self, text: str, place: str) -> None:
        parsed = parse_birth(text)
        local = self.now.astimezone(TAIPEI)
        today = (local.year, local.month, local.day)
        if parsed.year is None and parsed.approximate_age is None:
            self.mark("birth-unreadable", place)
        elif (parsed.year or 0, parsed.month or 1, parsed.day or 1) > today:
            self.mark("birth-in-future", place)
        elif parsed.year and parsed.day is None and _DAY_WRITTEN.search(text):
            self.mark("birth-impossible", place)

    # What happened

    def concerns(self) -> list[str]:
        said = self.said.get("concerns")
        given = said if isinstance(said, list) else [said] if said not in (None, "") else []
        codes: list[str] = []
        for one in given[:100]:
            code = words.code_of(one, "concerns") if isinstance(one, str) else None
            if code is None:
                self.mark("concern-unknown", "concerns")
                self.place_apart("concerns", one)
                code = "other"
            if code not in codes:
                codes.append(code)
        return codes

    def danger(self) -> str:
        said = self.said.get("immediate_danger")
        if said in (None, "", "unknown"):
            return "unknown"
        answer = words.yes_or_no(said)
        if answer is None:
            self.mark("danger-unreadable", "immediate_danger")
            self.place_apart("immediate_danger", said)
            return "unknown"
        return "yes" if answer else "no"

    def incident(self) -> dict[str, Any]:
        said = self.said.get("incident")
        if said in (None, "", {}):
            return {}
        if not isinstance(said, Mapping):
            self.place_apart("incident", said)
            return {}
        found: dict[str, Any] = {
            name: self.text(said[name], f"incident/{name}")
            for name in ("occurred_at", "place")
            if said.get(name) is not None
        }
        if said.get("injury") is not None:
            code = words.code_of(str(said["injury"]), "injuries")
            if code is None:
                self.mark("injury-unknown", "incident/injury")
                self.place_apart("incident/injury", said["injury"])
            found["injury"] = code or "unknown"
        if said.get("weapon") is not None:
            weapon = words.yes_or_no(said["weapon"])
            if weapon is None:
                self.place_apart("incident/weapon", said["weapon"])
            else:
                found["weapon"] = weapon
        self.rest(said, schema()["properties"]["incident"]["properties"], "incident/")
        return found

    def narrative(self) -> str:
        text = self.text(self.said.get("narrative"), "narrative")
        if len(text) > 20_000:
            self.mark("narrative-long", "narrative")
        return text

    def answers(self) -> dict[str, dict[str, Any]]:
        said = self.said.get("answers")
        if said in (None, "", {}):
            return {}
        if not isinstance(said, Mapping):
            self.place_apart("answers", said)
            return {}
        found: dict[str, dict[str, Any]] = {}
        for instrument, given in list(said.items())[:50]:
            if isinstance(given, Mapping):
                found[self.text(instrument, "answers")[:64]] = {
                    self.text(question, "answers")[:64]: self.answer(value)
                    for question, value in list(given.items())[:500]
                }
            else:
                self.place_apart("answers", given)
        return found

    def answer(self, value: object) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int) and abs(value) < 2**53:
            return value
        if isinstance(value, list):
            return [self.text(one, "answers") for one in value[:100]]
        return self.text(value, "answers")

    # The delivery itself

    def channel(self) -> str:
        said = self.said.get("channel")
        code = words.code_of(said, "channels") if isinstance(said, str) else None
        if code is None:
            self.mark("channel-unknown", "channel")
        self.found.channel = code or "system"
        return self.found.channel

    def keys_of_delivery(self) -> None:
        sender = self.said.get("sender")
        self.found.sender_said = self.text(sender, "sender", longest=64) if sender else ""
        self.found.received_at, mark = read_instant(self.said.get("received_at"))
        if mark:
            self.mark(mark, "received_at")

    def county(self) -> None:
        said = self.said.get("county")
        if said not in (None, ""):
            text = self.plain(said, "county")
            figures = text.strip().zfill(5) if text.strip().isdecimal() else text
            self.found.county = (
                county_code(figures[:100]) or parse_address(text[:100]).county or None
            )
            if self.found.county is None:
                self.mark("county-unknown", "county")
                self.place_apart("county", text)
        self.found.county = self.found.county or next(self.counties_of_addresses(), None)
        if self.found.county:
            self.found.body["county"] = self.found.county

    def counties_of_addresses(self) -> Iterator[str]:
        first = ("victim", "person-in-need", "witness-child")
        people = sorted(self.found.body["subjects"], key=lambda one: one["role"] not in first)
        texts = [person.get("address", "") for person in people]
        for text in [*texts, self.found.body["incident"].get("place", "")]:
            if code := parse_address(text).county:
                yield code
