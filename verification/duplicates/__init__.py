"""Who is in two lists: found exactly and by likeness, settled by the rules of the process."""
