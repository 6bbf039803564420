"""How many members count, where, and what is still short."""
