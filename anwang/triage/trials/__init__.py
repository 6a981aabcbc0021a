"""Trying policies out: on past reports, live beside the ones in force, and on a family's history."""
