"""Draws what is in a Run: the page, its figures, contact sheets, and tables for the terminal."""
