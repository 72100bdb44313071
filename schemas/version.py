"""The version of Medley: the package bears it, and runs leave it behind."""

__version__ = "0.1.0"
