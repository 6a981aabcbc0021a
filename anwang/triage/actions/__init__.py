"""What triage writes: screenings, clocks, decisions, offers, answers to *same event?*."""
