"""The derived index of a whole nation: sorted blocking keys and packed columns in mapped files.

It stands beside PostgreSQL, can be thrown away and built again at any time, and never answers
alone: whom it finds is looked up in the database, which says who is current and not sealed, and
what came after the build (ADR 0013).
"""
