"""The data dictionary: everything that can be sent, in the words of its own declaration."""
