"""Pure rules of households: who lives with whom, who is kin, and the picture of one household."""
