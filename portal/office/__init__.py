"""Supervisors."""
