"""Whether a table of figures holds together: general rules, as data, over a table and its description."""
