"""Screens of trials: back-tests, shadows, automatic steps, walks, the quality loop."""
