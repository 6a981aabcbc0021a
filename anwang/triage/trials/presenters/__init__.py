"""Trials as screens and commands show them."""
