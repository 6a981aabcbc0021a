"""A year of reports from the demo county, with the truth behind each and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from demo.casting import Cast, Casting, relation
from demo.county import County
from demo.schedule import LAST_DAY, TAIPEI, Scripted, channel_open, year_of_moments
from demo.stories import OPEN, Story, story
from demo.telling import mentions, narrative, reporter, subject
from demo.words import Draw, chance, vocabulary

RETOLD_SHARE = 0.20  # of all reports: the same event told again by somebody else within days
ODD_SHARE = 0.006
IMPOSSIBLE_SHARE = 0.025
SAME_FAMILY_SHARE = 0.12  # of new events: a family that was reported before
UNCLEAR_GRADE = frozenset({"child-left-alone", "newborn-drugs", "child-sexual", "child-neglect"})


@dataclass(frozen=True, slots=True)
class DemoReport:
    """One report and the truth about it.

    `truth`: subject index -> person key (record key of household-registration) where the report
    names somebody. `expected` has only what is clear. `marks` may hold `odd` (breaks the
    schema on purpose), `impossible` (contradicts itself), `grave`.
    """

    report: dict[str, Any]
    truth: dict[int, str]
    same_event_as: str | None
    expected: dict[str, Any]
    kind: str
    story: Story
    marks: frozenset[str] = frozenset()

    @property
    def received_at(self) -> datetime:
        return datetime.fromisoformat(self.report["received_at"])


@dataclass(frozen=True, slots=True)
class _Event:
    """What is to be told: a cast, when, through which channel, and as the retelling of what."""

    at: datetime
    kind: str
    cast: Cast
    channel: str
    grave: bool
    open: bool = False
    retells: int | None = None  # number of the event told first
    number: int = field(default=0)


def until_of(county: County) -> datetime:
    """The demo's present: ten in the morning of `as_of` in Taipei."""
    return datetime.combine(county.as_of, time(10), TAIPEI)


def reports_of_year(
    county: County, n: int = 2600, until: datetime | None = None
) -> Iterator[DemoReport]:
    """`n` reports sorted by received_at, the last ones dense and still open just before `until`."""
    until = until or until_of(county)
    rng = county.rng(f"reports:{n}")
    events = _Events(county, rng).of_year(n, until)
    ids: dict[int, str] = {}
    for position, event in enumerate(events, start=1):
        ids[event.number] = report_id = _report_id(event, position)
        yield _report(county, event, report_id, ids.get(event.retells or 0), rng)


class _Events:
    """Draws what happens; every event has a number from 1, retellings name the first one's."""

    def __init__(self, county: County, rng: Random) -> None:
        self.rng = rng
        self.casting = Casting(county, rng)
        self.kinds: dict[str, Any] = vocabulary("kinds")
        self.shares = Draw({kind: row["share"] for kind, row in self.kinds.items()})
        self.earlier: dict[tuple[str, int, int], list[_Event]] = {}
        self.numbered = 0

    def of_year(self, n: int, until: datetime) -> list[_Event]:
        last_day = self._last_day(until)
        retold = int((n - len(last_day)) * RETOLD_SHARE)
        moments = year_of_moments(n - len(last_day) - retold, until, self.rng)
        events = [self._new(at, self.shares.one(self.rng)) for at in moments]
        again = self.rng.sample(events, retold)
        latest = moments[-1]
        events += [self._again(event, latest) for event in again]
        return sorted(events + last_day, key=lambda event: (event.at, event.number))

    def _new(self, at: datetime, kind: str, scripted: Scripted | None = None) -> _Event:
        row = self.kinds[kind]
        ages = (row["ages"][0], row["ages"][1])
        channel = scripted.channel if scripted else self._channel(row["channels"], at)
        event = _Event(
            at=at,
            kind=kind,
            cast=self._cast(row["cast"], ages, kind, at, scripted),
            channel=channel,
            grave=scripted.grave if scripted else chance(self.rng, row["grade1"]),
            open=scripted.open if scripted else False,
            number=self._number(),
        )
        if event.cast.need:
            self.earlier.setdefault((row["cast"], *ages), []).append(event)
        return event

    def _again(self, first: _Event, latest: datetime) -> _Event:
        """The same event by another reporter, mostly the same or the next day."""
        hours = min(self.rng.expovariate(1 / 14) + 0.3, 71)
        at = min(first.at + timedelta(hours=hours), latest)
        listed = self.kinds[first.kind]["channels"]
        channels: dict[str, float] = {c: 1 for c in listed if c != first.channel}
        channel = self._channel(channels or {"hotline-113": 1}, at)
        return replace(
            first, at=at, channel=channel, grave=False, retells=first.number, number=self._number()
        )

    def _last_day(self, until: datetime) -> list[_Event]:
        events: list[_Event] = []
        for scripted in LAST_DAY:
            at = until - timedelta(hours=scripted.hours_ago)
            if scripted.retells is None:
                events.append(self._new(at, scripted.kind, scripted))
                continue
            first = events[scripted.retells]
            events.append(
                replace(
                    first,
                    at=at,
                    channel=scripted.channel,
                    grave=False,
                    open=True,
                    retells=first.number,
                    number=self._number(),
                )
            )
        return events

    def _cast(
        self, name: str, ages: tuple[int, int], kind: str, at: datetime, scripted: Scripted | None
    ) -> Cast:
        if scripted and scripted.grave:
            return self._telling_cast(name, ages, kind, at.date())
        before = self.earlier.get((name, *ages), [])
        if before and not scripted and chance(self.rng, SAME_FAMILY_SHARE):
            earlier = self.rng.choice(before)
            if at - earlier.at > timedelta(days=10):
                return replace(earlier.cast, kind=kind)
        return self.casting.cast(name, ages, kind, at.date())

    def _telling_cast(self, name: str, ages: tuple[int, int], kind: str, on: date) -> Cast:
        """Of fifty families the one whose picture says most: small children, gaps, care, kin."""
        drawn = [self.casting.cast(name, ages, kind, on) for _ in range(50)]
        return max(drawn, key=self._says)

    def _says(self, cast: Cast) -> int:
        county = self.casting.county
        small = sum(self.casting.age(p) < 6 for p in cast.others)
        overdue = sum(county.overdue(p.key) for p in cast.others)
        old = sum(self.casting.age(p) > 60 for p in cast.others)
        unregistered = sum(p.registered != p.lives_at for p in cast.others)
        cared = bool(cast.respondent and county.in_care(cast.respondent.key))
        return small + 4 * overdue + old + unregistered + 3 * cared + min(len(cast.others), 4)

    def _channel(self, weights: dict[str, float], at: datetime) -> str:
        available = {c: w for c, w in weights.items() if channel_open(c, at)}
        available = available or {"hotline-113": 1, "police": 1}
        return self.rng.choices(list(available), list(available.values()))[0]

    def _number(self) -> int:
        self.numbered += 1
        return self.numbered


def _report_id(event: _Event, position: int) -> str:
    roc = event.at.year - 1911
    return f"{event.channel[:4].upper()}{roc}{event.at:%m%d}-{position:05d}"


def _report(
    county: County, event: _Event, report_id: str, first_id: str | None, rng: Random
) -> DemoReport:
    cast, retold = event.cast, event.retells is not None
    said_by = reporter(event.channel, event.at, cast, rng)
    told = mentions(county, cast, rng, retold)
    day = event.at.date()
    is_self = said_by["role"] == "self"
    subjects = [subject(mention, event.channel, day, rng, is_self) for mention in told]
    danger, injury = _danger(event, rng)
    report: dict[str, Any] = {
        "report_id": report_id,
        "sender": vocabulary("slots")["senders"][event.channel],
        "channel": event.channel,
        "received_at": event.at.replace(microsecond=0).isoformat(),
        "reporter": said_by,
        "subjects": subjects,
        "concerns": _concerns(event, rng),
        "immediate_danger": danger,
        "narrative": _narrative(county, event, rng),
    }
    if chance(rng, 0.72):
        report["county"] = "桃園市" if chance(rng, 0.8) and county.code == "68000" else county.code
    if injury:
        report["incident"] = _incident(event, injury, rng)
    if event.kind == "partner-violence" and event.channel in ("police", "hospital"):
        report["answers"] = {"tipvda": _danger_answers(event.grave, rng)}
    if event.kind == "consult-vague":
        report["answers"] = {"consult-form": {"type_known": False, "call_back": chance(rng, 0.7)}}
    demo = DemoReport(
        report=report,
        truth={
            i: mention.person.key
            for i, (mention, row) in enumerate(zip(told, subjects, strict=True))
            if mention.person and row.keys() & {"name", "national_id", "phone"}
        },
        same_event_as=first_id,
        expected={} if retold else _expected(county, event, report),
        kind=event.kind,
        story=OPEN if event.open else story(event.kind, event.grave, retold, rng),
        marks=frozenset({"grave"} if event.grave else ()),
    )
    return demo if event.open else _spoilt(demo, rng)


def _danger(event: _Event, rng: Random) -> tuple[str, str]:
    """Immediate danger and injury as ticked on the form."""
    weights: dict[str, float] = vocabulary("kinds")[event.kind]["injury"]
    injury = rng.choices(list(weights), list(weights.values()))[0] if weights else ""
    if event.grave:
        return "yes", "serious" if injury and (event.open or chance(rng, 0.7)) else injury
    if injury == "serious":
        injury = "minor"
    return rng.choices(["no", "unknown"], [7, 3])[0], injury


def _concerns(event: _Event, rng: Random) -> list[str]:
    row = vocabulary("kinds")[event.kind]
    concerns: list[str] = list(row["concerns"])
    if event.kind == "psychiatric-violence" and event.cast.need and event.cast.respondent:
        concerns.append(_violence_of(event.cast.need.spouse == event.cast.respondent.key))
    concerns += [extra for extra in row["extra"] if chance(rng, 0.2)]
    return concerns


def _violence_of(partners: bool) -> str:
    return "partner-violence" if partners else "other-family-violence"


def _incident(event: _Event, injury: str, rng: Random) -> dict[str, Any]:
    when = vocabulary("slots")["when"]
    incident: dict[str, Any] = {"injury": injury, "occurred_at": rng.choice(when)}
    if event.cast.door and chance(rng, 0.3):
        incident["place"] = rng.choice(["住處", event.cast.door.text(), "學校附近"])
    if event.grave or chance(rng, 0.1):
        incident["weapon"] = event.grave and chance(rng, 0.6)
    return incident


def _danger_answers(grave: bool, rng: Random) -> dict[str, bool]:
    """Fifteen yes/no answers; about one in ten reaches eight."""
    share = 0.65 if grave else 0.24
    return {f"q{i}": chance(rng, share) for i in range(1, 16)}


def _narrative(county: County, event: _Event, rng: Random) -> str:
    need, respondent = event.cast.need, event.cast.respondent
    word = relation(county, respondent, need)[1] if need and respondent else "家人"
    age = max(need.age_on(event.at.date()), 0) if need else 40
    retold = event.retells is not None
    return narrative(event.cast, word, event.channel, age, rng, grave=event.grave, retold=retold)


def _expected(county: County, event: _Event, report: dict[str, Any]) -> dict[str, Any]:
    """What any reader of the rules would say; where opinions differ the key is left out."""
    expected: dict[str, Any] = dict(vocabulary("kinds")[event.kind]["expect"])
    danger = report["immediate_danger"]
    injury = report.get("incident", {}).get("injury", "none")
    tool = sum(report.get("answers", {}).get("tipvda", {}).values())
    if event.grave and injury == "serious":
        expected["grade"] = "1"
    elif danger == "no" and injury == "none" and tool < 8 and event.kind not in UNCLEAR_GRADE:
        expected["grade"] = "2"
    if event.grave:
        expected.pop("joint_with", None)  # the police may join
    respondent = event.cast.respondent
    patient = respondent and county.in_care(respondent.key)
    children = event.kind == "partner-violence" and "child-witness" in report["concerns"]
    if children or (patient and event.kind != "psychiatric-violence"):
        for key in ("stream", "agency_kind"):
            expected.pop(key, None)
    return expected


def _spoilt(demo: DemoReport, rng: Random) -> DemoReport:
    """Now and then a report that contradicts itself, or that breaks the schema."""
    roll = rng.random()
    if roll < ODD_SHARE:
        report = _odd(demo.report, rng)
        truth = demo.truth if report["subjects"] is demo.report["subjects"] else {}
        return replace(demo, report=report, truth=truth, marks=demo.marks | {"odd"})
    if roll < ODD_SHARE + IMPOSSIBLE_SHARE:
        first = demo.report["subjects"][0] | {
            "birth": rng.choice(["民國150年2月30日", "1130/13/5"])
        }
        report = demo.report | {"subjects": [first, *demo.report["subjects"][1:]]}
        marks = demo.marks | {"impossible"}
        return replace(demo, report=report, expected={}, marks=marks)
    return demo


def _odd(report: dict[str, Any], rng: Random) -> dict[str, Any]:
    """What the schema does not allow, though the time of receipt stays readable."""
    return report | rng.choice(
        [
            {"channel": "line-app"},
            {"concerns": ["家暴", "其他"]},
            {"subjects": [{"role": "victim", "name": "不詳", "age": 7}]},
            {"immediate_danger": "不知道"},
            {"form_version": "110.2"},
        ]
    )
