"""The household as screens show it: plain values for templates, in both languages."""
