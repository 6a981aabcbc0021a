"""The reference simulator: every source of the demo county behind real servers, well or failing."""
