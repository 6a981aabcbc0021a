"""A witness of append-only logs: a small program that somebody else runs.

It keeps the last checkpoint of each log it watches, and puts its name only under one that extends
what it keeps. It sees sizes and hashes, never an entry. It shares no code with the logs it watches,
so that no mistake of theirs is repeated here. Protocol: C2SP tlog-witness.
"""
