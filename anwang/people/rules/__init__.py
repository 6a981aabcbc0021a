"""Who is this: normal forms of what identifies a person, blocking keys, and the score of a pair.

Pure. The same forms serve the desk, the batch and the nation, so they hold only text, whole
numbers and tokens.
"""
