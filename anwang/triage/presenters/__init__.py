"""What the desk's templates are given: plain values, made of what queries read. No rules, no reads."""
