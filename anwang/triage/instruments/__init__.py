"""Instruments filled in at the desk or in a case: forms as data, answers as rows."""
