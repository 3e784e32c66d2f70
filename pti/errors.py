"""The one exception whose message is meant for the person at the keyboard."""


class InputError(Exception):
    """Something that the user gave is wrong; the message names it and says what to do."""
