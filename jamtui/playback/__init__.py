"""From planned notes to bytes at the right moment: clock, timeline, feel, ledger, output loop."""
