"""Wagtail, as a Django project that is part of this process. Nothing here is imported before `setup.start`, but setup.

`setup` configures Django; `postgres` is its database backend; `tenancy` has the SQL that puts Django's tables under
row-level security, `acting` the transactions in which everything happens.
"""
