"""The configuration the portal is really run behind, and the pages an outage shows."""
