"""Dated rules as data: tables, clocks, instruments, working calendar. No database, no settings."""
