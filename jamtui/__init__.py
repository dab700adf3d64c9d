"""jamtui: a terminal console with which a musician on stage plays with a band that listens."""

__version__ = "0.1.0"
