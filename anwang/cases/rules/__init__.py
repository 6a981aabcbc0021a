"""Rules of the teams' work that need no database."""
