"""What can go wrong with the log itself, apart from what application.errors names."""


class MasterKeyError(Exception):
    """No master key at hand opens this database's data keys."""


class DamagedKeyError(MasterKeyError):
    """A data key does not open under the master key that it was wrapped by."""


class CorruptEventError(Exception):
    """A stored event cannot be read: it does not fit its type, or its type is not known.

    The message holds nothing of what was encrypted; the exception that it was raised from may.
    """
