"""Lychgate: a policy-as-code privacy proxy in front of any CRM API."""

__version__ = "0.1.0"
