"""The one exception of the local stack."""


class StackError(Exception):
    """The stack cannot do what was asked; the message says why and what to do, and needs no traceback."""
