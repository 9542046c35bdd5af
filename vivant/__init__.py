"""Vivant: a person's digital double, made with their consent, that says what it is."""
