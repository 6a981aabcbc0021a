"""Numbers that pass the checksum and belong to nobody but an invented person."""

from random import Random

from anwang.common.values.national_id import LETTER_VALUES
from demo.words import Draw

# Letter of the office of first registration, the demo county's own (H) first.
ID_LETTERS = Draw(dict(zip("HFABDEGJKMNOPQTUVCIXZWLRSY", [
    46, 9, 9, 4, 3, 3, 2, 3, 4, 2, 3, 1, 2, 2, 2, 2, 1, 1, 1, 0.2, 0.1, 0.2, 1, 1, 1, 0.1,
], strict=True)))  # fmt: skip
STILL_ISSUED = frozenset("HFABDEGJKMNOPQTUVCIXZW")
SUMS = {letter: value // 10 + value % 10 * 9 for letter, value in LETTER_VALUES.items()}
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 1)


class NumberMaker:
    """Draws identity and phone numbers, none twice."""

    def __init__(self, rng: Random, taken: frozenset[str] = frozenset()) -> None:
        self.rng = rng
        self._taken: set[str] = set(taken)
        self._mobiles = iter(rng.sample(range(100_000), 100_000))

    def national_id(self, sex: str, birth_year: int) -> str:
        letter = ID_LETTERS.one(self.rng)
        while birth_year > 2010 and letter not in STILL_ISSUED:
            letter = ID_LETTERS.one(self.rng)
        return self._unique(letter, "12"[sex == "F"])

    def new_arc(self, sex: str, mainland: bool) -> str:
        """New form since 2021: 8 male, 9 female, then the class of the resident."""
        third = "9" if mainland else str(self.rng.randint(0, 6))
        return self._unique(ID_LETTERS.one(self.rng), "89"[sex == "F"] + third)

    def old_arc(self, sex: str) -> str:
        """Old form, two letters (A or C male, B or D female); its checksum is common practice."""
        while True:
            first, second = ID_LETTERS.one(self.rng), self.rng.choice("BD" if sex == "F" else "AC")
            digits = f"{self.rng.randrange(10_000_000):07d}"
            total = SUMS[first] + LETTER_VALUES[second] % 10 * 8
            total += sum(int(d) * w for d, w in zip(digits, WEIGHTS[1:], strict=True))
            number = f"{first}{second}{digits}{-total % 10}"
            if number not in self._taken:
                self._taken.add(number)
                return number

    def mobile(self) -> str:
        """09xx-000-xxx: the middle 000 shows that it is invented; empty when all are given out."""
        for number in self._mobiles:
            phone = f"09{number // 1000:02d}-000-{number % 1000:03d}"
            if phone not in self._taken:
                return phone
        return ""

    def landline(self) -> str:
        return f"03-300{self.rng.randrange(10_000):04d}"

    def _unique(self, letter: str, start: str) -> str:
        while True:
            digits = start + f"{self.rng.randrange(10 ** (8 - len(start))):0{8 - len(start)}d}"
            total = SUMS[letter] + sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True))
            number = f"{letter}{digits}{-total % 10}"
            if number not in self._taken:
                self._taken.add(number)
                return number
