"""Citizens who say that a party has listed them without asking."""
