"""Mistakes of the person at the command line."""


class UsageError(Exception):
    """One line: what was given, which rule, how to fix it. Ends the command with status 2."""
