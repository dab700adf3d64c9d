"""Exit statuses that processes of the band read from each other."""

EXIT_REFUSED = 78
"""The child cannot start until the musician changes something (EX_CONFIG of sysexits.h)."""
