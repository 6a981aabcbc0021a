"""One small county for all tests of the demo."""

from datetime import date

import pytest

from demo.county import County, build_county

AS_OF = date(2026, 3, 3)


@pytest.fixture(scope="session")
def county() -> County:
    return build_county(7, AS_OF, persons=8_000)
