"""Households: registered together, living together, kin; the household picture and its genogram."""
