"""Pure rules of triage: what a report and a household picture say, and what policy proposes from it."""
