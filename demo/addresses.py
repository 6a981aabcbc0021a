"""Invented addresses on real districts, and the ways people write them."""

from dataclasses import dataclass
from random import Random

from demo.words import chance, county_names, districts, vocabulary

NUMERALS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Address:
    """One door. A part that is 0 or empty does not exist; `floor` -1 is B1."""

    county_code: str
    district: str
    village: str
    neighbourhood: int
    road: str
    section: int
    lane: int
    alley: int
    number: int
    number_sub: int
    floor: int

    @property
    def county(self) -> str:
        return county_names()[self.county_code]

    @property
    def street(self) -> str:
        """Road with section in Chinese numerals, lane and alley."""
        text = self.road
        if self.section:
            text += f"{NUMERALS[self.section]}段"
        if self.lane:
            text += f"{self.lane}巷"
        if self.alley:
            text += f"{self.alley}弄"
        return text

    @property
    def door(self) -> str:
        sub = f"之{self.number_sub}" if self.number_sub else ""
        floor = "B1" if self.floor == -1 else f"{self.floor}樓" if self.floor else ""
        return f"{self.number}{sub}號{floor}"

    def text(self, with_village: bool = False) -> str:
        """As a registry prints it, e.g. 桃園市中壢區復興路二段31巷5之2號3樓."""
        village = f"{self.village}{self.neighbourhood:03d}鄰" if with_village else ""
        return f"{self.county}{self.district}{village}{self.street}{self.door}"


class AddressMaker:
    """Draws doors; roads are shared: neighbours and one road name in two districts occur."""

    def __init__(self, rng: Random, county_code: str) -> None:
        self.rng = rng
        self.county_code = county_code
        places = vocabulary("places")
        self.roads: list[str] = places["roads"]
        self.sectioned = frozenset(places["sections_of"])
        self.villages: list[str] = places["villages"]
        self.mountain_villages: list[str] = places["aboriginal_villages"]
        self.away = list(places["away"].items())

    def here(self, district: str = "") -> Address:
        return self._in(self.county_code, district)

    def elsewhere(self) -> Address:
        """A door in another county, near ones more often."""
        codes = [code for code, _ in self.away if code != self.county_code]
        weights = [weight for code, weight in self.away if code != self.county_code]
        return self._in(self.rng.choices(codes, weights)[0], "")

    def _in(self, county_code: str, district: str) -> Address:
        rng = self.rng
        district = district or districts(county_code).one(rng)
        mountain = district == "復興區"
        road = rng.choice(self.roads)
        section = rng.randint(1, 5) if road in self.sectioned else 0
        lane = rng.randint(1, 600) if chance(rng, 0.45) else 0
        return Address(
            county_code=county_code,
            district=district,
            village=rng.choice(self.mountain_villages if mountain else self.villages),
            neighbourhood=rng.randint(1, 32),
            road=road,
            section=section,
            lane=lane,
            alley=rng.randint(1, 40) if lane and chance(rng, 0.3) else 0,
            number=rng.randint(1, 90 if lane else 680),
            number_sub=rng.randint(1, 9) if chance(rng, 0.12) else 0,
            floor=self._floor(mountain),
        )

    def _floor(self, mountain: bool) -> int:
        if mountain or chance(self.rng, 0.3):
            return 0
        return -1 if chance(self.rng, 0.004) else min(int(self.rng.expovariate(0.2)) + 1, 24)
