"""Who is there: passwords, login sessions, guards of blueprints, CSRF."""
