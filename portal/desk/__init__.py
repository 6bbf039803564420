"""The verifier's desk."""
