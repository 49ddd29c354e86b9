"""Salesforce's SOAP API with the partner WSDL: a call in an envelope, about records whose fields are elements.

Nothing but the body says what an envelope does (threat RC-14), and who sends it stands in its header. A `Call`
is an envelope taken apart (`envelope.py`); `grammar.SoapGrammar` reads one by what it calls: `queries`, `writes`
and `describing` say what that comes to, and `records` opens what comes back. What is judged are the same
queries, searches and rows as on every other surface, read by the same code.

Not understood, and so refused: logging in and everything about sessions, headers that change what is answered,
queries that group, several merges at once, workflow, and whatever other call the WSDL has.
"""
