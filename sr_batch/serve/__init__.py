"""``sr-batch serve``: the page and the HTTP interface of one process, which enlarges for both.

`server` runs it, `app` holds the routes. `work` enlarges, one job after the other, in threads.
"""
