"""The pages of a party: its dossier, its uploads, its lists, what it sent and what became of it."""
