"""Walls around foreign files: a child process with one task, one file, and nothing else.

Nothing is re-exported here, because the child imports this package too and pays for every import.
"""
