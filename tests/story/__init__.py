"""The process retold, a file for each step of it, for readers who do not program."""
