"""All records of all registries into persons: a base of columns and keys in DuckDB, or in Spark."""
