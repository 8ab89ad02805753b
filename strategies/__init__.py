"""Strategies and what they are made of."""
