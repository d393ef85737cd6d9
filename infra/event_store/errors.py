"""What can go wrong with the log itself, apart from what application.errors names."""


class MasterKeyError(Exception):
    """No master key at hand opens this database's data keys."""


class CorruptEventError(Exception):
    """A stored event cannot be read: its ciphertext or its payload does not fit its type."""
