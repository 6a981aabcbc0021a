"""Invented persons and the slips of those who report them, from a seeded generator."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from anwang.common.values.national_id import LETTERS, parse_id
from anwang.people.rules.characters import sound
from anwang.people.rules.name_shares import shipped_shares

SURNAMES = "陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊江呂何蕭羅高潘簡朱鍾彭游詹胡施沈"
SURNAME_WEIGHTS = [1100, 830, 600, 530, 510, 410, 400, 320, 290, 270] + [
    2400 // n for n in range(11, len(SURNAMES) + 1)
]
GIVEN = "怡雅佳欣宜淑美麗秀玉志家俊建文明冠宗承柏宇品詩子心思郁慧筱靜惠玲芬娟貞華英蘭珍春月金正武國榮偉強豪宏翰廷瑋銘彥傑賢良進清安昌龍輝雄德義仁和平成達勝利發財寶珠素碧霞卿香桂菊梅琴雲鳳燕婷蓉珊涵穎芳君妍晴睿翔如萱瑄蓁恩哲誠信毅凱維倫嘉育佩依孟昱奕峻"  # noqa: E501
COMMON = sorted(shipped_shares().given)
VARIANTS = {
    "黃": "黄",
    "溫": "温",
    "臺": "台",
    "靜": "静",
    "國": "国",
    "寶": "宝",
    "麗": "丽",
    "陳": "陈",
}
ROADS = [a + b + "路" for a in "中範文光和民復德信忠" for b in "正例化明平生興安義孝"]
DISTRICTS = ["中壢區", "桃園區", "平鎮區", "八德區", "楊梅區", "蘆竹區", "大溪區", "龜山區"]
SAME_SOUND: dict[str, list[str]] = {}
for _sign in dict.fromkeys(
    GIVEN + "誌名君鈞軍俞瑜儀宜欣馨新芯鑫婷庭廷亭佩珮沛豪毫銘茗柏伯博宏弘鴻洪惠慧蕙玲伶鈴靈"
):
    SAME_SOUND.setdefault(sound(_sign), []).append(_sign)

Raw = dict[str, str]


def token(number: str) -> bytes:
    """Stands in for the keyed digest."""
    return blake2b(number.encode(), digest_size=16, key=b"test").digest()


@dataclass
class Person:
    key: int
    raw: Raw


def number(rng: random.Random, sex: str) -> str:
    head = rng.choice(LETTERS) + ("1" if sex == "M" else "2") + f"{rng.randrange(10**7):07d}"
    return next(n for d in range(10) if parse_id(n := f"{head}{d}").valid)


def persons(count: int, seed: int) -> list[Person]:
    """`count` persons in households of one to five."""
    rng = random.Random(seed)
    found: list[Person] = []
    while len(found) < count:
        road, district = rng.choice(ROADS), rng.choice(DISTRICTS)
        door = f"桃園市{district}{road}{rng.randint(1, 3)}段{rng.randint(1, 300)}號"
        door += f"{rng.randint(1, 12)}樓"
        surname = rng.choices(SURNAMES, SURNAME_WEIGHTS)[0]
        landline = f"03-{rng.randint(2000000, 4999999)}"
        for _ in range(rng.choice([1, 2, 2, 3, 3, 4, 5])):
            sex = rng.choice("FM")
            given = rng.choice(COMMON) if rng.random() < 0.3 else "".join(rng.choices(GIVEN, k=2))
            born = f"{rng.randint(1935, 2025)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            own = surname if rng.random() < 0.7 else rng.choices(SURNAMES, SURNAME_WEIGHTS)[0]
            raw = {"name": own + given, "sex": sex, "birth_date": born, "address": door}
            raw["national_id"] = number(rng, sex)
            raw["phone"] = (
                landline if rng.random() < 0.3 else f"09{rng.randint(10000000, 99999999)}"
            )
            found.append(Person(len(found), raw))
    return found[:count]


def slipped_id(rng: random.Random, right: str) -> str:
    place = rng.randint(2, 9)
    if rng.random() < 0.3 and right[place - 1] != right[place] and place > 2:
        return right[: place - 1] + right[place] + right[place - 1] + right[place + 1 :]
    other = rng.choice([d for d in "0123456789" if d != right[place]])
    return right[:place] + other + right[place + 1 :]


def homophone(rng: random.Random, name: str) -> str:
    """One character of the given name as another of its sound, or a variant; else as it was."""
    signs = list(name)
    for place in rng.sample(range(1, len(signs)), len(signs) - 1):
        others = [s for s in SAME_SOUND.get(sound(signs[place]), []) if s != signs[place]]
        if others:
            signs[place] = rng.choice(others)
            return "".join(signs)
    return "".join(VARIANTS.get(sign, sign) for sign in signs)


def short_address(rng: random.Random, address: str) -> str:
    return rng.choice([address, address.split("號")[0] + "號", address.removeprefix("桃園市")])


def asked(rng: random.Random, person: Person) -> Iterator[tuple[str, Raw]]:
    """(kind of trouble, the query) for one person, one of each kind."""
    raw = person.raw
    year = raw["birth_date"][:4]
    roc = f"民國{int(year) - 1911}年"
    age = f"約{2026 - int(year) + rng.randint(-3, 3)}歲"
    own = {"name": raw["name"], "sex": raw["sex"]}
    yield "exact", {**own, "national_id": raw["national_id"], "birth": raw["birth_date"]}
    yield "id-slip", {**own, "national_id": slipped_id(rng, raw["national_id"]), "birth": roc}
    yield "id-slip-only", {"name": raw["name"], "national_id": slipped_id(rng, raw["national_id"])}
    yield "homophone-year", {"name": homophone(rng, raw["name"]), "sex": raw["sex"], "birth": roc}
    yield "phone", {**own, "phone": raw["phone"], "birth": age}
    yield "phone-homophone", {"name": homophone(rng, raw["name"]), "phone": raw["phone"]}
    yield "address", {**own, "address": short_address(rng, raw["address"])}
    yield (
        "address-age",
        {"name": homophone(rng, raw["name"]), "birth": age, "address": raw["address"]},
    )
    yield (
        "nickname",
        {
            "name": "小" + raw["name"][-1],
            "birth": age,
            "address": short_address(rng, raw["address"]),
        },
    )
    yield "name-only", own
