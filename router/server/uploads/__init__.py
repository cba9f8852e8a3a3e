"""Files in multipart requests: read piece by piece, checked, and passed on to the one subgraph that takes them.

Source: the GraphQL multipart request specification (graphql-multipart-request-spec, version 2).
"""

from router.server.uploads.forwarding import UploadSender
from router.server.uploads.operation import upload_fetch, upload_problems
from router.server.uploads.request import Uploads, read_uploads

__all__ = ["UploadSender", "Uploads", "read_uploads", "upload_fetch", "upload_problems"]
