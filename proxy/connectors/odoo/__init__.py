"""Odoo: XML-RPC, JSON-RPC and JSON-2, three ways to say which method does what to which model.

Nouns: a `Call` is one of them, read; `Arguments` says what it uses; an `OdooAnswer` opens what comes back. The
story starts in `grammar.OdooGrammar.read`. What the CRM is shown as a password is the lane's own secret; what
stands in the client's place for one is the caller's key for Lychgate.

Methods are a closed list (`methods.py`). Buttons, wizards, reports, `export_data`, `copy`, `message_post`, and
the web client's own methods are not on it, and so are refused.
"""
