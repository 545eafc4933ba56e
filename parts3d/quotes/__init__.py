"""Prices: the tariff, estimates and frozen quotes."""
