"""Small values every app shares: identity numbers and dates of Taiwan. Pure; no database, no
clock.
"""
