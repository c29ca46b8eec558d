"""What can go wrong, said in one line: what, where, why, and what to do next."""


class StackError(Exception):
    """Its text is the whole message for the user; the command line prints it without a traceback."""
