"""`/api/v1`: what a page does, the API does. Described by itself at `/api/v1/openapi.json`."""
