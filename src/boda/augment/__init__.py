"""Augmentation: pictures, and their boxes, masks and points, moved and recoloured by chance."""
