"""Work and means: public assistance, emergency relief, seeking work and benefit."""

from __future__ import annotations

from datetime import date, timedelta

from demo.lives.days import Days
from demo.lives.events import Assistance, Employment, Hardship
from demo.words import Draw, chance, vocabulary


def assistance(days: Days) -> list[Assistance]:
    """Every member of households with low income, for the calendar year."""
    found = []
    homes = [one for one in days.county.households.values() if one.kind != "institution"]
    since, until = date(days.as_of.year, 1, 1), date(days.as_of.year, 12, 31)
    categories = Draw({"low": 38, "middle-low": 42, "child-allowance": 20})
    for home in days.some(homes, 0.026, least=4):
        counted = [one for one in home.members if one.died_on is None]
        category = categories.one(days.rng)
        for one in counted:
            if category == "child-allowance" and days.age(one) >= 18:
                continue
            found.append(Assistance(person=one.key, category=category, members=len(counted),
                                    granted_from=max(since, one.born_on), granted_to=until))  # fmt: skip
    return found


def hardships(days: Days) -> list[Hardship]:
    """Grown persons listed as in hardship, and relief that was given."""
    words, found = vocabulary("lives"), []
    needs, causes = Draw(words["needs"]), Draw(words["relief_causes"])
    for person in days.some(days.grown(20, 85), 0.012, least=4):
        day = days.met(person, 600)
        if day is None:
            continue
        if chance(days.rng, 0.6):
            found.append(Hardship(person=person.key, need=needs.one(days.rng), listed_on=day,
                                  closed_on=days.ended(person, day, 0.45)))  # fmt: skip
        else:
            amount = days.rng.choice([5000, 10000, 15000, 20000, 30000])
            found.append(Hardship(person=person.key, cause=causes.one(days.rng), granted_on=day,
                                  amount_twd=amount))  # fmt: skip
    return found


def employments(days: Days) -> list[Employment]:
    """Who seeks work, and who draws benefit after losing it."""
    found = []
    at_large = [one for one in days.grown(18, 63) if days.here(one)]
    for person in days.some(at_large, 0.013, least=4):
        lost_on = days.met(person, 500)
        if lost_on is None or days.is_away(person.key, lost_on):
            continue
        registered_on = min(lost_on + timedelta(days=days.rng.randint(3, 30)), days.as_of)
        closed_on = days.ended(person, registered_on, 0.5, 200)
        benefit = chance(days.rng, 0.55)
        until = registered_on + timedelta(days=days.rng.choice([90, 180, 270])) if benefit else None
        if until and closed_on and closed_on < until:
            until = closed_on
        found.append(
            Employment(
                person=person.key, registered_on=registered_on, closed_on=closed_on,
                placed_on=closed_on if closed_on and chance(days.rng, 0.7) else None,
                job_lost_on=lost_on if benefit else None,
                benefit_from=registered_on if benefit else None, benefit_to=until,
            )
        )  # fmt: skip
    return found
