"""The verbs: what a person asks for, each a function that the command and Python share."""
