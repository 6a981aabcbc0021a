"""How people write down other people: homophones, variants, half numbers, free dates.

Each function takes the truth and a random stream and gives one plausible spelling of it.
"""

from datetime import date
from functools import cache
from random import Random

from demo.addresses import NUMERALS, Address
from demo.persons import surname_of
from demo.words import chance, vocabulary

# ASCII digits, capitals and hyphen to their full-width forms.
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@cache
def _same_sound() -> dict[str, str]:
    """Character -> the others of its sound."""
    return {c: g.replace(c, "") for g in vocabulary("slips")["homophones"].values() for c in g}


@cache
def _variants() -> dict[str, str]:
    pairs = vocabulary("slips")["variants"]
    return {a: b for pair in pairs for a, b in (tuple(pair), tuple(pair[::-1]))}


def _replace_one(name: str, table: dict[str, str], rng: Random, keep_surname: bool) -> str:
    start = len(surname_of(name)) if keep_surname else 0
    places = [i for i in range(start, len(name)) if table.get(name[i])]
    if not places:
        return name
    at = rng.choice(places)
    return name[:at] + rng.choice(table[name[at]]) + name[at + 1 :]


def homophone(name: str, rng: Random) -> str:
    """One character of the given name replaced by one of the same sound, if there is one."""
    return _replace_one(name, _same_sound(), rng, keep_surname=True)


def variant(name: str, rng: Random) -> str:
    """One character in its other shape (黃/黄, 峰/峯); unchanged if it has none."""
    return _replace_one(name, _variants(), rng, keep_surname=False)


def nickname(name: str, rng: Random, age: int) -> str:
    """小安, 阿明, 安安, 王先生: what a neighbour or a caller says."""
    if "·" in name:
        return name.split("·")[0]
    last, surname = name[-1], surname_of(name)
    if age < 16:
        return rng.choice([f"小{last}", f"{last}{last}", f"{surname}小{last}"])
    if age > 64:
        return rng.choice([f"阿{last}", f"{surname}阿嬤", f"{surname}老先生", f"{surname}○{last}"])
    return rng.choice([f"阿{last}", f"小{last}", f"{surname}○{last}", f"{surname}先生"])


def masked_name(name: str) -> str:
    return name if "·" in name or len(name) < 2 else name[0] + "○" + name[2:]


def wrong_digit(number: str, rng: Random) -> str:
    """One digit other than the leading two replaced; the checksum no longer fits, mostly."""
    at = rng.randrange(2, len(number))
    other = rng.choice([d for d in "0123456789" if d != number[at]])
    return number[:at] + other + number[at + 1 :]


def swapped_digits(number: str, rng: Random) -> str:
    """Two neighbouring, different digits exchanged; a digit replaced where all are equal."""
    places = [i for i in range(2, len(number) - 1) if number[i] != number[i + 1]]
    if not places:
        return wrong_digit(number, rng)
    at = rng.choice(places)
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def one_slip(number: str, rng: Random) -> str:
    """A number with one slip: a digit, a transposition, or the letter."""
    roll = rng.random()
    if roll < 0.55:
        return wrong_digit(number, rng)
    if roll < 0.85:
        return swapped_digits(number, rng)
    return rng.choice([c for c in "ABCDEFGHJKMNPQTUV" if c != number[0]]) + number[1:]


def written_id(number: str, rng: Random) -> str:
    """As a reporter gives it: clean, slipped, masked, half, lower case, full-width."""
    roll = rng.random()
    if roll < 0.62:
        return number
    if roll < 0.72:
        return one_slip(number, rng)
    if roll < 0.80:
        return number[:4] + "****" + number[8:] if chance(rng, 0.5) else number[:8].lower() + "**"
    if roll < 0.86:
        return number[-4:]
    if roll < 0.93:
        return number.lower()
    return number.translate(FULL_WIDTH)


def written_birth(born_on: date, rng: Random, as_of: date, precision: str = "") -> str:
    """A date of birth as spelled; `precision` is day, year, age or empty (drawn)."""
    roc = born_on.year - 1911
    month, day = born_on.month, born_on.day
    precision = precision or rng.choices(["day", "year", "age"], [64, 20, 16])[0]
    if precision == "age":
        age = max((as_of - born_on).days // 365 + rng.choice([-2, -1, 0, 0, 0, 1, 2]), 0)
        return rng.choice([f"約{age}歲", f"{age}歲", f"{age}歲左右", f"大概{age}歲"])
    if precision == "year":
        spellings = [f"民國{roc}年", f"{roc}年次", str(born_on.year), f"民國{roc}年{month}月"]
        return rng.choice(spellings)
    if chance(rng, 0.04):  # day and month exchanged, or the day before
        month, day = (day, month) if day <= 12 else (month, max(day - 1, 1))
    return rng.choice(
        [
            f"民國{roc}年{month}月{day}日",
            f"{roc:03d}{month:02d}{day:02d}",
            f"{roc}.{month}.{day}",
            f"{roc}/{month:02d}/{day:02d}",
            f"{born_on.year}-{month:02d}-{day:02d}",
            f"民國{roc}年{month}月{day}日".translate(FULL_WIDTH),
        ]
    )


def written_address(address: Address, rng: Random) -> str:
    """An address as told: parts left out, numerals and width mixed."""
    street, door, county = address.street, address.door, address.county
    if address.section and chance(rng, 0.5):
        street = street.replace(f"{NUMERALS[address.section]}段", f"{address.section}段")
    if chance(rng, 0.25):
        county = county.replace("臺", "台")
    if address.floor and chance(rng, 0.4):
        door = door[: door.index("號") + 1]
    if address.number_sub and chance(rng, 0.3):
        number, sub = address.number, address.number_sub
        door = door.replace(f"{number}之{sub}號", f"{number}號之{sub}")
    roll = rng.random()
    if roll < 0.45:
        text = county + address.district + street + door
    elif roll < 0.60:
        text = f"{county}{address.district}{address.village}{address.neighbourhood}鄰{street}{door}"
    elif roll < 0.80:
        text = address.district + street + door
    elif roll < 0.90:
        text = address.district.rstrip("區") + street + door
    elif roll < 0.95:
        text = county + address.district + street
    else:
        text = f"{address.district}{address.village}{street}附近"
    return text.translate(FULL_WIDTH) if chance(rng, 0.06) else text


def written_phone(phone: str, rng: Random) -> str:
    roll = rng.random()
    if roll < 0.5:
        return phone
    if roll < 0.75:
        return phone.replace("-", "")
    if roll < 0.82:
        return phone.translate(FULL_WIDTH)
    if roll < 0.90:
        return "+886-" + phone[1:]
    return wrong_digit(phone.replace("-", ""), rng) if roll < 0.94 else phone.replace("-", " ")


def written_name(name: str, rng: Random, age: int, known_well: bool) -> str:
    """A name as a reporter writes it; strangers (`known_well` false) use nicknames more often."""
    roll = rng.random()
    if roll < (0.72 if known_well else 0.4):
        return name
    if roll < (0.86 if known_well else 0.6):
        return homophone(name, rng)
    if roll < (0.91 if known_well else 0.66):
        return variant(name, rng)
    if roll < (0.93 if known_well else 0.72):
        return masked_name(name)
    if roll < 0.96:
        return nickname(name, rng, age)
    return name.replace("·", "") if "·" in name else f" {name}" if chance(rng, 0.5) else name
