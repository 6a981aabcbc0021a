"""Measured proofs: how well and how fast, on invented people. `python -m benchmarks NAME`."""
