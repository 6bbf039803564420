"""Member lists: reading, rules, rejected rows, versions."""
