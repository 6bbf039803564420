"""The demonstration: accounts of every role and files to send, all of it obviously made up."""

from portal.demo.accounts import DEMO_ACCOUNTS, DemoLogin, DemoRefused, ensure

__all__ = ["DEMO_ACCOUNTS", "DemoLogin", "DemoRefused", "ensure"]
