"""Signing in to pages of the Brain's own, as a browser does it: the console, and the way to the CMS.

- `place`: such a part of the site, with its addresses and its cookies.
- `session`: who has signed in there: identity's tokens, in cookies that no script reads.
- `sign_on`: the page to sign in, and the way to a tenant's identity provider and back.
- `graph`: the way to the graph, with the operations of `operations/`: public ones, as any client may send them.
- `pages`: pages made of templates.
"""
