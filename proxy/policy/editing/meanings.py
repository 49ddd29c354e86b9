"""What each key of the language is for, in a sentence that an editor can show.

A key whose field has a docstring in its model needs no line here: that one is taken.
"""

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import BaseModel

_ANYWHERE: Final = {
    "apiVersion": "Version of the language: lychgate.dev/v1.",
    "kind": "What the document is about; it decides which keys it may have.",
    "metadata": "The document's name, and who stands behind it.",
    "description": "Why it is there, for the people who review it. Nothing depends on it.",
    "refs": "Laws, contracts or tickets it follows from, for the people who review it.",
    "owner": "Who answers for it.",
    "roles": "Callers with any of these roles. Left out: any.",
    "purposes": "Callers for any of these purposes, or one below it. Left out: any.",
    "recipients": "Data that goes to any of these recipients. Left out: any.",
    "waive": "Warnings somebody has read and answers for, each with a reason and a last day.",
    "because": "The reason, for whoever reads it later.",
    "until": "The last day, UTC.",
}
_OF: Final = {
    "Metadata.name": "A name for the document; it need not be the file's.",
    "Metadata.review_by": "The day by which somebody has to read the document again (LG111 when it has passed).",
    "WaiveDocument.code": "The code of the warning, LG114 for example.",
    "VocabularyDocument.roles": "What people and programs do. What a role may see stands in grants.",
    "VocabularyDocument.purposes": "Why data is used. A dot makes one purpose part of another.",
    "VocabularyDocument.recipients": "Organisations that data goes to. It follows from the client's credential.",
    "VocabularyDocument.clients": "Registered programs: who they are, and which roles and purposes they have.",
    "VocabularyDocument.categories": "Categories of data of your own, beside the built-in ones.",
    "VocabularyDocument.masks": "Ways to show a part of a value, by name; `with` of a rule names one.",
    "VocabularyDocument.sets": "Lists of words. `adequate`: countries a processor may be in without safeguards.",
    "PurposeDocument.use": "The use of data in a taxonomy, essential.service.operations.support for example.",
    "PurposeDocument.lawful_basis": "What makes the use lawful: GDPR Art. 6(1)(a) to (f). Missing: LG108.",
    "RecipientDocument.kind": "What the organisation is to you: internal, controller, processor or third_party.",
    "RecipientDocument.country": "Where it is: an ISO 3166 code, in quotes as others take NO for false.",
    "RecipientDocument.safeguards": "What protects data there, SCC-2021 for example. A processor outside "
    "`sets.adequate` without any gets nothing.",
    "RecipientDocument.dpa_expires": "Last day of the agreement; from the day after, nothing goes there.",
    "KeyDocument.sha256": "SHA-256 of the key, from `lychgate client key`; never the key itself.",
    "KeyDocument.label": "A name by which you know the key when you revoke it.",
    "JwtDocument.issuer": "Name of an issuer in lychgate.yaml.",
    "JwtDocument.claim": "The claim that tells clients apart, azp for example.",
    "JwtDocument.value": "What that claim has to be.",
    "ClientDocument.recipient": "The organisation that gets what this client reads.",
    "ClientDocument.roles": "The client's roles; for tokens, at most these.",
    "ClientDocument.purposes": "What the client may use data for.",
    "ClientDocument.default_purpose": "The purpose when the client sends no X-Purpose.",
    "ClientDocument.kind": "Who is behind it: a human, an integration or an AI agent.",
    "ClientDocument.keys": "API keys, by their digest.",
    "ClientDocument.certificates": "Names in client certificates, dns:host or uri:...",
    "ClientDocument.jwt": "How the client's tokens are recognised.",
    "MaskDocument.kind": "How the value is shortened: by_type, email, phone, keep_last, range, fixed, ...",
    "MaskDocument.strength": "How much it hides, 1 to 99, where two masks meet. Left out: its kind's.",
    "OnDocument.connectors": "Only in these CRMs. Left out: in all.",
    "OnDocument.objects": "Only in these objects. Left out: in all.",
    "OnDocument.categories": "Fields of these categories and of all below them; adds up with tags and fields.",
    "OnDocument.tags": "Fields with any of these tags; adds up with categories and fields.",
    "OnDocument.fields": "Fields of these names; adds up with categories and tags.",
    "CountryDocument.field": "The field of the same write that names the country, by two letters or in English.",
    "CountryDocument.default": "Two letters, where that field names no country.",
    "ValidityDocument.id": "Name of the demand, once in the whole set, rules included.",
    "ValidityDocument.on": "Which fields, whenever they are created or updated.",
    "ValidityDocument.form": "What a value has to be: email, phone, iban, postal_code, date, number, pattern or "
    "clean.",
    "ValidityDocument.find": "With form clean: what may not stand in a text: email, phone, iban, card, nl.bsn.",
    "ValidityDocument.number": "With form number: a national number as python-stdnum calls it, nl.bsn.",
    "ValidityDocument.pattern": "With form pattern: a regular expression (RE2) for the whole value.",
    "ValidityDocument.country": "With form phone or postal_code: two letters, or the field that says it.",
    "ValidityDocument.mode": "enforce; warn: written and reported; audit: written, and noted in the ledger.",
    "PolicyDocument.validity": "What values have to look like when they are written; it opens nothing.",
    "GroupsDocument.id": "Name of the demand, once in the whole set, rules included.",
    "GroupsDocument.on": "It holds for every object that has one of these fields.",
    "GroupsDocument.minimum": "Groups of fewer records are left out, and a count below it is refused.",
    "GroupsDocument.except_": "Whom it leaves out: callers who fit all that stands in it.",
    "PolicyDocument.minimum_groups": "How large groups have to be of which something computed is shown.",
    "ProtectDocument.id": "Name of the entry, once in the whole set, rules included.",
    "ProtectDocument.on": "Which fields; each of them lies in the CRM like this, whoever writes it.",
    "ProtectDocument.as_": "token: random, kept in the vault; envelope: ciphertext in the field itself; "
    "deterministic: the same ciphertext for the same value, by a waiver of LG141 only. "
    "digits: other digits for a number (FF1), the same for the same one, by such a waiver only.",
    "ProtectDocument.because": "Why, for whoever reviews it.",
    "ValidDocument.from_": "First day in force, UTC.",
    "ValidDocument.until": "Last day in force, UTC.",
    "RuleDocument.id": "Name of the rule, once in the whole set; ledger and explain call it by this.",
    "RuleDocument.effect": "What becomes of the field, from what tells most to what tells least: allow, mask, "
    "tokenize, encrypt, redact (the field without its value), deny (no field). The most permissive grant "
    "counts, and then the most restrictive guard.",
    "RuleDocument.with_": "Which mask: a name from the vocabulary.",
    "RuleDocument.on": "Which fields. Left out: every listed field and the record itself.",
    "RuleDocument.actions": 'What is done with the field; "*" for everything. Filtering and sorting by a field '
    "are actions of their own, since they tell its value.",
    "RuleDocument.except_": "Whom the rule leaves out: callers who fit all that stands here.",
    "RuleDocument.exceptions": "Whom the rule leaves out for a time: owner, reason and last day.",
    "RuleDocument.mode": "enforce; warn, enforced with a header that names the rule; audit, only observed.",
    "RuleDocument.valid": "First and last day in force. Left out: always.",
    "RuleDocument.when": "Conditions in CEL that must all hold; or any, all and none with lists of them.",
    "PolicyTestDocument.records": "Made-up records by name; never real ones, since tests lie in a repository.",
    "PolicyTestDocument.callers": "Who asks, by name.",
    "PolicyTestDocument.tests": "What has to come out.",
    "RecordDocument.object": "Of which object it is.",
    "CallerDocument.client": "A registered client, with all that the vocabulary says of it.",
    "CallerDocument.roles": "The caller's roles, where it is not a registered client.",
    "CallerDocument.recipient": "On whose behalf the caller asks.",
    "CallerDocument.kind": "A human, an integration or an AI agent.",
    "AskDocument.name": "What the test shows; a failure is told by it.",
    "AskDocument.caller": "Who asks: a name under callers.",
    "AskDocument.purpose": "What for.",
    "AskDocument.action": "What is done: read, list, filter, update, ...",
    "AskDocument.record": "With which record: a name under records.",
    "AskDocument.expect": "Field -> allow, mask, redact, absent, ... or the very value that comes out; "
    '"*" for all other fields.',
    "TestDocument.table": "Cases that differ in a part of this; a row takes from the test what it does not say.",
    "PolicyDocument.grants": "Doors: each opens something, and the most permissive one counts. None: deny.",
    "PolicyDocument.guards": "Walls: each closes something, for every role, whatever is granted.",
}


def meaning(model: type[BaseModel], name: str) -> str:
    """Return what a field is for, "" if nobody has said.

    Args:
        model: the model that has the field, or inherits it.
        name: the field's name in Python.
    """
    field = model.model_fields[name]
    for each in model.__mro__:
        if found := _OF.get(f"{each.__name__}.{name}"):
            return found
        if each.__module__ != "builtins" and (found := _documented(each).get(name, "")):
            return found
    return field.description or _ANYWHERE.get(field.alias or name, "")


@cache
def _documented(cls: type) -> Mapping[str, str]:
    """Return the docstrings of a class's attributes, each on one line."""
    try:
        (tree,) = ast.parse(inspect.getsource(cls).lstrip()).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[statement.target.id] = " ".join(str(following.value.value).split())
    return found
