"""A session: what is heard, what is planned, what is played, and the record of it. No I/O of its own."""
