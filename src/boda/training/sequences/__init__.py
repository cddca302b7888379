"""Networks of sequences: batches and pieces, training, and the baselines that they must beat."""
