"""SuiteCRM's API V8: resources of JSON:API, with filters, orders, pages and fields in parameters with brackets.

`listing` reads what is asked for, `writes` resources that are written, `links` what two records have to do with
each other. The legacy service of version 4.1, whose filters are SQL, has no word here.
"""
