"""Salesforce's Bulk APIs, 1.0 and 2.0: a job, what is uploaded to it, and what it finds.

A job is made by one request and filled by others that say nothing of it but its id. So the id that a client gets
is sealed together with what the job does (`jobs.Job`), for this caller and purpose: when it comes back, rows are
judged as what is written, and results as what is shown, under the policy of that moment. A job of anybody else's
cannot be named.

The story starts in `grammar.compile_bulk`; each step of a job is a route with `grammar: bulk` and the step as
its `layout`. `infos` reads what is said of jobs, `uploads` the rows that are written, `results` the rows that
come back.

Not understood, and so refused: bodies in XML, relations in the header of a CSV, other separators than a comma,
queries that group or look into children, lists of all jobs.
"""
