"""The bench of member lists: a seeded list, our pipeline, its peers, the physical limit."""
