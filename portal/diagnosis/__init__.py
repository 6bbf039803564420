"""What stands between a user and the upload server: a page and `sipol doctor` that look for it."""
