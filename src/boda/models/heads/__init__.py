"""Heads: a task's layers on top of a backbone's features."""
