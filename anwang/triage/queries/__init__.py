"""What triage reads: the desk, one report explained, the policies in force."""

from anwang.triage.queries.desk import desk_fields, desk_rows, explain_fields

__all__ = ["desk_fields", "desk_rows", "explain_fields"]
