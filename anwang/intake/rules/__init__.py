"""How a report of any shape becomes an open copy, marks and a vault's content. Pure."""
