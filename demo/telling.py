"""Puts an event into the words of one reporter: subjects with their slips, narrative, reporter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from demo.casting import Cast, relation
from demo.county import County
from demo.persons import Person
from demo.slips import written_address, written_birth, written_id, written_name, written_phone
from demo.words import chance, surnames, vocabulary

# Share of subjects whose ID a channel gives.
ID_GIVEN = {
    "police": 0.82, "hospital": 0.85, "school-safety": 0.6, "mandated-web": 0.5, "system": 0.97,
    "active-finding": 0.9, "walk-in": 0.8, "paper": 0.5, "lawyer": 0.7, "online-help": 0.4,
}  # fmt: skip
# Commas and colons as a Chinese keyboard gives them; some reporters leave the half-width ones.
FULL_STOPS = str.maketrans(",:?;", "\uff0c\uff1a\uff1f\uff1b")
KNOWS_WELL = frozenset(ID_GIVEN) - {"online-help"}
NEED = frozenset(
    {"poverty", "parenting", "grandparent-care", "prison-parent", "vaccine-overdue", "housing",
     "long-term-care", "teen-pregnancy", "school-dropout", "exposed-youth", "suicide-attempt",
     "suicide-ideation", "mental-illness", "consult-vague", "out-of-scope", "unreachable"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """One subject to be: what the reporter says of whom. `person` None is somebody unknown."""

    role: str
    person: Person | None
    relation: tuple[str, str] = ("", "")


def mentions(county: County, cast: Cast, rng: Random, retold: bool) -> list[Mention]:
    """Subjects of a report in order; a retelling often leaves people out."""
    need, respondent = cast.need, cast.respondent
    in_need = cast.kind in NEED
    if need is None:
        return [Mention("person-in-need" if in_need else "victim", None)]
    found = [Mention("person-in-need" if in_need else "victim", need)]
    if cast.kind == "child-witness" and respondent:
        found = _witnessed(county, need, respondent)
    elif respondent and not (retold and chance(rng, 0.3)):
        role = "carer" if in_need else "respondent"
        found.append(Mention(role, respondent, relation(county, respondent, need)))
    elif cast.kind in ("sexual-assault", "child-exploitation") and chance(rng, 0.6):
        found.append(Mention("respondent", None, ("acquaintance", "認識的人")))
    for other in cast.others:
        minor = other.age_on(county.as_of) < 18
        if chance(rng, 0.25 if retold else 0.4 if minor else 0.15):
            role = (
                "witness-child" if minor and cast.kind == "partner-violence" else "household-member"
            )
            found.append(Mention(role, other, relation(county, other, need)))
    return found


def _witnessed(county: County, child: Person, violent: Person) -> list[Mention]:
    other = county.persons[child.mother]
    return [
        Mention("victim", other),
        Mention("respondent", violent, relation(county, violent, other)),
        Mention("witness-child", child, relation(county, child, other)),
    ]


def subject(
    mention: Mention, channel: str, day: date, rng: Random, is_self: bool
) -> dict[str, str]:
    """One subject as the channel delivers it; keys without a value are left out."""
    row: dict[str, str] = {"role": mention.role}
    if mention.relation[0] and chance(rng, 0.92):
        row["relation_to_victim"] = mention.relation[1 if chance(rng, 0.85) else 0]
    person = mention.person
    if person is None:
        return row | _somebody(mention, rng)
    knows = channel in KNOWS_WELL or is_self
    main = mention.role in ("victim", "person-in-need")
    age = person.age_on(day)
    if chance(rng, 0.985 if knows else 0.85 if main else 0.6):
        row["name"] = written_name(person.name, rng, age, knows)
        if person.romanised and knows and chance(rng, 0.5):
            row["name_romanised"] = person.romanised
    if chance(rng, ID_GIVEN.get(channel, 0.12) * (1 if main else 0.55)):
        row["national_id"] = written_id(person.national_id, rng)
    if chance(rng, 0.88 if knows and main else 0.5):
        precision = "" if knows else "age"
        row["birth"] = written_birth(person.born_on, rng, day, precision)
    if chance(rng, 0.93):
        row["sex"] = person.sex
    if person.phone and chance(rng, 0.6 if knows or is_self else 0.2):
        row["phone"] = written_phone(person.phone, rng)
    if chance(rng, 0.82 if main else 0.3):
        door = person.registered if knows and chance(rng, 0.25) else person.lives_at
        row["address"] = written_address(door, rng)
    return row


def _somebody(mention: Mention, rng: Random) -> dict[str, str]:
    if mention.role == "respondent" and chance(rng, 0.5):
        return {
            "name": rng.choice(["阿凱", "小傑", "網友", "不詳", "林姓男子", "主管"]),
            "sex": "M",
        }
    return {"notes": rng.choice(["身分不詳", "未留資料", "拒絕告知"])}


def reporter(channel: str, at: datetime, cast: Cast, rng: Random) -> dict[str, Any]:
    """Who reports: professionals by name and office, others often without one."""
    known = vocabulary("slots")["reporters"]
    role, title, organisations = rng.choice(known.get(channel, known["citizen"]))
    professional = channel in known
    if not professional and cast.kind in NEED and chance(rng, 0.6):
        role = "self"
    row: dict[str, Any] = {"role": role, "mandated": professional and channel != "lawyer"}
    if not professional and cast.kind not in NEED and chance(rng, 0.62):
        row |= {"role": rng.choice(["teacher", "nurse", "social-worker"]), "mandated": True}
    row["anonymous"] = not row["mandated"] and role != "self" and chance(rng, 0.55)
    if not row["anonymous"]:
        row["name"] = _reporter_name(role, title, cast, rng)
        row["phone"] = f"03-300{rng.randrange(10_000):04d}"
    if organisations:
        row["organisation"] = rng.choice(organisations)
    if row["mandated"]:
        late = chance(rng, 0.03)
        hours = rng.uniform(25, 70) if late else min(rng.expovariate(0.25), 22)
        row["learned_at"] = (at - timedelta(hours=hours)).replace(microsecond=0).isoformat()
    return row


def _reporter_name(role: str, title: str, cast: Cast, rng: Random) -> str:
    if role == "self" and cast.need:
        return cast.need.name
    if role == "system":
        return "系統"
    return surnames().one(rng) + (title or rng.choice(["先生", "小姐", "太太", "女士"]))


def narrative(
    cast: Cast, kin: str, channel: str, age: int, rng: Random, *, grave: bool, retold: bool
) -> str:
    """One to four sentences from the templates of the kind; `kin` names the respondent (父親)."""
    told: Mapping[str, list[str]] = vocabulary("narratives")[cast.kind]
    words = vocabulary("slots")
    if retold:
        parts = [rng.choice(told["retold"])]
    else:
        grave_told = grave and "grave" in told
        parts = [_grave(told["grave"], channel, rng) if grave_told else rng.choice(told["event"])]
        if grave_told and chance(rng, 0.4):
            parts.append(rng.choice(told["event"]))
    for section, share in (("more", 0.12 if retold else 0.7), ("ask", 0.12 if retold else 0.6)):
        if chance(rng, share):
            parts.append(rng.choice(told[section]))
    slots: dict[str, object] = {
        name: rng.choice(words[name])
        for name in ("when", "part", "reason", "job", "place", "sum", "months", "n", "kid", "who")
    }
    child = age < 18
    tools = words["weapon" if grave else "tool" if child else "thing"]
    slots |= {"age": age, "tool": rng.choice(tools), "r": kin}
    slots["v"] = _called(cast.kind, age, channel, rng)
    opening = rng.choice(words["opening"].get(channel, [""]))
    text: str = opening + "".join(part.format_map(slots) for part in parts)
    return text.translate(FULL_STOPS) if chance(rng, 0.85) else text


def _grave(sentences: list[str], channel: str, rng: Random) -> str:
    """Hospitals tell of the treated, all others of what goes on."""
    treated = [s for s in sentences if any(w in s for w in ("送醫", "急診", "醫師", "院方"))]
    others = [s for s in sentences if s not in treated]
    return rng.choice((treated if channel == "hospital" else others) or sentences)


def _called(kind: str, age: int, channel: str, rng: Random) -> str:
    if age < 18:
        school = channel == "school-safety" and age >= 6
        return rng.choice(["學生", "該生", "孩子"] if school else ["孩子", "案童", "小孩"])
    if age >= 65:
        return rng.choice(["長輩", "案主", "老人家"])
    return rng.choice(["案主", "當事人"] if kind in NEED else ["案主", "被害人", "當事人"])
