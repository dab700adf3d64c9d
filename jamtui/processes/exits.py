"""Exit statuses that processes of the band read from each other."""

EXIT_AGAIN = 75
"""It could not start for want of another process, and may be started again (EX_TEMPFAIL)."""
EXIT_REFUSED = 78
"""The child cannot start until the musician changes something (EX_CONFIG of sysexits.h)."""
