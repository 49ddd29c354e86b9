"""What a protected value looks like where a CRM keeps it: tokens that pass for values, and which are equal.

The nouns: a **form** is what tokens of one kind of field look like; a **normaliser** says which values are
equal.

Pure: no key, no store, no policy. What makes, keeps and opens protected values is `proxy.vault`.
"""

from proxy.protected.normal import NORMALISERS, normal
from proxy.protected.tokens import FORMS, TokenForm, form_for, token_in

__all__ = ["FORMS", "NORMALISERS", "TokenForm", "form_for", "normal", "token_in"]
