"""Networks: which there are, how they are built, where their weights come from, and the engine that runs them."""
