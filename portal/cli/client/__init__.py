"""The upload client beneath `sipol upload`: tuspy, wrapped for bad lines. Base install only."""
