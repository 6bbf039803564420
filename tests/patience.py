"""How long a test waits for what must come; whoever never lets it come costs the test so much time."""

PATIENCE = 60.0
"""Seconds. No machine stalls so long, and no server bears with a line that stalls so long."""
