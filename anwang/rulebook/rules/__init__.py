"""Dated rules as data: tables, clocks, instruments, the working calendar. No database, no settings."""
