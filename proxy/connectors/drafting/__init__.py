"""First drafts of connectors, from what an API says of itself.

A draft is text for a person to read and mend: a category that a name suggests is a guess, and a field whose name
suggests none stays `unclassified`, which no policy ever shows. Nothing here is used while requests are served.
"""
