"""Draws what is in a Run of sequences: the sections of its page, its figures, and lines for the terminal."""
