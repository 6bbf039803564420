"""The bench of the upload server against its peers: `sipol bench uploads`."""
