"""The web, the people, the API, the command line and the wiring: the only package that knows everybody."""
