"""The demo county: invented people, families, registries and reports, equal for equal seeds."""
