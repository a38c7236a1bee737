"""Pretend clouds that the real engine builds on."""
