"""From a dataset to a measured head: features once, the choice of a head, its figures."""
