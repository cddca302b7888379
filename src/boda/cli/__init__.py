"""The command: each file parses one command's arguments, calls one verb and prints what it gave."""
