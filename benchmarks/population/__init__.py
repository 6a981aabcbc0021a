"""An invented nation of any size up to 23.5 million, for measurements.

`write(folder, persons, seed) -> paths` writes:

- `records-<source>.parquet` for each of `SOURCES`: the identifying columns of docs/formats
  (`record_key`, `national_id`, `name`, `name_romanised`, `sex`, `birth_date`, `phone`, `address`,
  `previous_address`), all text, each source with its own coverage and its own mistakes;
- `truth.parquet`: `source`, `record_key`, `person`, `household` (numbers of the truth);
- `queries.parquet`: `query_id`, the columns of a question (`national_id`, `name`,
  `name_romanised`, `birth` as spelled, `sex`, `phone`, `address`), its `kind`, and `person`
  (null: nobody of the register). 40 % carry no number, 20 % mean somebody who is not there.

`python -m benchmarks.population FOLDER --persons 1000000` does the same from the command line;
nothing stays in memory but the block in work.

Everything follows from (seed, number of the person): a block of 8,192 persons is drawn alone, in
any process, and is the same in a register of any size; blocks follow each other district by
district, so that a smaller register is a region and not a thinned nation. Somebody who is not in
the register comes from the blocks behind its end. Train with `TRAINING_SEED`, test with
`TEST_SEED`.

Everybody is invented. At this size the numbers of the format are nearly used up, so a real one
may occur by chance; none is chosen, and nothing here is committed.
"""

from benchmarks.population.people import BLOCK, NATION, People, blocks_of, people_of
from benchmarks.population.questions import KINDS, queries
from benchmarks.population.registers import COLUMNS, SOURCES, registries, rows_of_block
from benchmarks.population.writing import write

TRAINING_SEED = 20264
TEST_SEED = 20265

__all__ = [
    "BLOCK", "COLUMNS", "KINDS", "NATION", "SOURCES", "TEST_SEED", "TRAINING_SEED", "People",
    "blocks_of", "people_of", "queries", "registries", "rows_of_block", "write",
]  # fmt: skip
