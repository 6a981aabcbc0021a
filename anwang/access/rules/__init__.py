"""Pure rules of trust."""
