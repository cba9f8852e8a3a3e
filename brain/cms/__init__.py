"""`/cms/`: the way of editors to the content process, which has the CMS's own pages.

- `gate`: who may pass: signed in through identity, in the host's tenant, with the scope `content:write`.
- `proxy`: what is sent on, and what comes back, as it comes.
- `headers`: what of a message's head passes, and what does not.
"""

from brain.cms.gate import cms_routes
from brain.cms.proxy import CmsProxy

__all__ = ["CmsProxy", "cms_routes"]
