"""Pages of a party."""
