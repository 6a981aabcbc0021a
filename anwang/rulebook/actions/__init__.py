"""Writes on policies: files loaded as versions; drafts written, proposed, put in force."""
