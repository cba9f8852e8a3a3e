"""The codes of a request's errors, as data: `docs/errors/` has a page for each."""

from router.composition.codes.table import code_table

__all__ = ["REQUEST_CODES"]

REQUEST_CODES = code_table(
    "ERROR",
    """
ACCESS_CHANGED
During a subscription the client has lost a right that its operation needs.
Subscribe again.
It stands in an event of a stream.

BAD_REQUEST
The HTTP request is no GraphQL request.
Send a JSON object with `query`.

BAD_USER_INPUT
The value of a variable does not fit its type.
Correct the value at the place that the message names.

BATCHING_NOT_ENABLED
The request has several operations, which this server does not take.
Send one request for each operation, or enable `batching` in the router's settings.

BATCH_SIZE_LIMIT
The request has more operations than this server takes at once.
Send fewer operations in one request.

CALLBACK_FORBIDDEN
A request to the callback of a subscription has not the verifier that the subgraph was given.
Send `extensions.subscription.verifier` of the request that opened the subscription.
It takes a subgraph whose subscription is open.

COST_LIMIT
The operation's estimated cost is more than this server allows.
Ask for shorter lists or fewer fields, or split the operation; `estimated` and `limit` say by how much it is too much.

CSRF_PREVENTED
The request is one that any web page could make a browser send.
Send `content-type: application/json`, or with GET the header `graphql-require-preflight: 1`.

DOWNSTREAM_SERVICE_ERROR
A subgraph answered with an error that has no code, or whose code and message clients may not see.
See the message, or in the router's log, under `traceId`, what the subgraph said.

EVENT_STREAM_NOT_FOUND
The request has the token of an event stream that there is not, is not any more, or is another tenant's.
Reserve an event stream with PUT, and open it within the time that the router's settings say.

EVENT_STREAM_TAKEN
The event stream with this token is open already.
Reserve an event stream of your own with PUT.
It takes several requests to get it: `PUT`, and `GET` with the token twice.

FORBIDDEN
A hook of the router refused the request without another code.
See the message, which is the hook's.

GRAPHQL_PARSE_FAILED
The document is not GraphQL.
Correct the text at the place in `locations`.

GRAPHQL_VALIDATION_FAILED
The document does not fit the schema.
Correct the selection at the place in `locations`.

INTERNAL_SERVER_ERROR
The router, or a hook in it, failed; the cause is in its log under `traceId`.
Report the `traceId`.

INTROSPECTION_DISABLED
The document asks for the schema, which this server does not tell.
Use the published schema, or enable `introspection` in the router's settings.

INVALID_TOKEN
The request's token is wrong: malformed, not signed by whom the server trusts, or meant for somebody else.
Get a new token; the message says what is wrong with this one.

KEYS_UNAVAILABLE
The keys with which tokens are verified could not be read yet.
Try again after the time in the header `retry-after`.

MAX_ALIASES_LIMIT
The operation has more aliases than this server allows.
Split the operation.

MAX_DEPTH_LIMIT
The operation is nested more deeply than this server allows.
Split the operation.

MAX_DIRECTIVES_LIMIT
The operation has more directives than this server allows.
Split the operation.

MAX_DOCUMENT_BYTES_LIMIT
The document is longer than this server allows.
Split the document.

MAX_FIELDS_LIMIT
The operation has more fields than this server allows, its fragments spread out.
Split the operation.

MAX_ROOT_FIELDS_LIMIT
The operation has more fields at its root than this server allows.
Split the operation.

MAX_TOKENS_LIMIT
The document has more tokens than this server allows.
Split the document.

MAX_VALIDATION_WORK_LIMIT
The document has so many fields of one response key, or fragments in fragments, that validation would cost too much.
Name each field once where it is selected, or split the document; this limit has no setting.

MAX_VARIABLES_DEPTH_LIMIT
The variables are nested more deeply than this server allows.
Send flatter values.

MAX_VARIABLES_ITEMS_LIMIT
The lists and objects in the variables hold more values than this server allows.
Send fewer in one request, or raise `limits.max_variables_items`.

MAX_VARIABLES_LIMIT
The operation declares more variables than this server allows.
Put them into one input object or list.

METHOD_NOT_ALLOWED
The HTTP method cannot be used for this.
Send operations by POST; GET is for queries only.

NOT_ACCEPTABLE
The header `accept` names nothing that the router can answer with.
Accept `application/graphql-response+json` or `application/json`.

NOT_FOUND
There is nothing at this path.
Send operations to `/graphql`, or to where the router's settings say.

OPERATION_ID_TAKEN
An operation with this `operationId` answers in the event stream already.
Send another `operationId`, or end the other operation first.
It takes several requests to get it: `PUT`, `GET` with the token, and `POST` twice.

OPERATION_RESOLUTION_FAILURE
The document has no operation of that name, or several and none is named.
Send `operationName`.

PERSISTED_QUERY_HASH_MISMATCH
The request has a document and its id or hash, which stands for another document.
Hash the text that you send, in UTF-8, with SHA-256, and write it in hexadecimal digits in lower case.

PERSISTED_QUERY_ID_REQUIRED
This server answers listed documents only, and wants them named by their ids.
Send `documentId`, or the id as `extensions.persistedQuery.sha256Hash`, instead of the document.

PERSISTED_QUERY_NOT_FOUND
The request has the hash of a document that has not been sent before, or long ago.
Send the document together with its hash; clients do so by themselves.

PERSISTED_QUERY_NOT_IN_LIST
The request names a document by an id that no manifest of this server has, or not for this client.
Deploy the manifest that your build wrote, and check the header with the client's name.

PERSISTED_QUERY_NOT_SUPPORTED
The request has the hash of a document instead of the document, and the server keeps none.
Send the document.

PLANNER_OVERLOADED
Too many new documents wait to be planned, or this one waited for too long.
Try again after the time in the header `retry-after`.

QUERY_NOT_IN_SAFELIST
This server answers listed documents only, and this one is not listed for this client.
Add the document to the manifest, or send one that is in it.

QUERY_PLANNING_BUDGET_EXCEEDED
Planning the operation would take too much work.
Split the operation.

QUERY_PLANNING_FAILED
No path over the subgraphs reaches all that is selected.
Select less, and compose the supergraph again, which finds such fields.

RATE_LIMITED
The caller has sent more requests than the limit that `limit` names allows.
Try again after the time in the header `retry-after`.

REQUEST_HEADERS_TOO_LARGE
The request has more header lines, or larger ones, than this server takes.
Send fewer headers; cookies are often what is large.

REQUEST_TIMEOUT
The request's head or body, or what this server asks others before it runs an operation, took longer than it allows.
Send the request faster, or try again later.

REQUEST_TOO_LARGE
The body is larger than this server allows.
Send a smaller body.

RESPONSE_VALIDATION_FAILED
A subgraph's data does not fit the schema, so that the value became null.
Report it to the subgraph's owner.

ROUTER_OVERLOADED
The server answers as many requests as it may at a time; no work was put into this one.
Try again after the time in the header `retry-after`; the router's setting is `traffic.max_client_requests`.

SERVER_STOPPING
The server is about to stop: it ends subscriptions and begins no new ones.
Subscribe again, which another server will answer.
It stands in an event of a stream.

SLICING_ARGUMENT_REQUIRED
A list's length must be said by exactly one of the field's arguments, so that its cost is known.
Give one of the arguments that the message names.

SUBGRAPH_CIRCUIT_OPEN
Most of the latest requests to a subgraph failed, so it is left alone for a moment.
Try again later; `service` says which subgraph it is.

SUBGRAPH_OVERLOADED
A subgraph has as many requests under way as it is given at a time, and too many wait, or this one waited in vain.
Try again later; `traffic.concurrency` in the router's settings says how many.

SUBREQUEST_HTTP_ERROR
A subgraph could not be reached, or answered with an HTTP error.
Try again later; `service` says which subgraph it is.

SUBREQUEST_MALFORMED_RESPONSE
A subgraph's answer is no GraphQL response.
Report it to the subgraph's owner.

SUBREQUEST_TIMEOUT
A subgraph did not answer in time.
Try again later, or ask for less at once.

SUBSCRIPTION_INTERRUPTED
A subgraph refused a subscription, or ended it before its end.
Subscribe again.
It stands in an event of a stream.

SUBSCRIPTION_NEEDS_A_STREAM
The operation is a subscription, and the request takes one response only.
Send `accept: text/event-stream`, or `multipart/mixed; subscriptionSpec=1.0`, or use a WebSocket.

SUBSCRIPTION_SCHEMA_RELOAD
The schema has changed, and the subscription does not fit it any more.
Correct the operation, and subscribe again.
It stands in an event of a stream.

SUBSCRIPTION_TOO_SLOW
The client takes its events more slowly than the others with which it shares the subgraph's stream.
Subscribe again, and read events as they come.
It stands in an event of a stream.

TOO_MANY_OPERATIONS
A WebSocket, or an event stream, has more operations at the same time than this server allows.
Complete some of them, or open another WebSocket.
It stands in a message of a WebSocket.

TOO_MANY_SUBSCRIPTIONS
The server has as many subscriptions, or event streams, as it takes.
Try again after the time in the header `retry-after`.
It takes other clients whose subscriptions are open.

TOKEN_EXPIRED
The token's time is over; a subscription ends with its token.
Get a new token, and send the operation again.

UNAUTHENTICATED
The server answers only callers that it knows, and the request has no token.
Send a token.

UNAUTHORIZED_FIELD_OR_TYPE
The operation asks for something that its caller may not have: a field, or all objects of a type.
Ask without the field, or with a token that has the right to it.

UNKNOWN_VIEW
A hook of the router chose a view for this client that the server does not have.
Report the `traceId`; the log names the view.

UNSUPPORTED_MEDIA_TYPE
The body is not of a type that the router reads.
Send `content-type: application/json`.

UPLOAD_INCOMPLETE
The files of a request are not those that its `map` names, or the client hung up.
Send each file of `map` once, under its name.

UPLOAD_NOT_POSSIBLE
The files would have to go to more than one place, or the operation cannot have files.
Send files as arguments of one field of a mutation, and other fields with a request of their own.

UPLOAD_TOO_LARGE
There are more files, or larger ones, than this server takes.
Send fewer or smaller files.

URI_TOO_LONG
The URL with its parameters is longer than this server takes.
Send the operation by POST, or its document by id.

VIEW_CHANGED
During a subscription the client has come to see another schema.
Subscribe again.
It stands in an event of a stream.
""",
)
"""Errors of requests by name, such as `extensions.code` has them. A subgraph's and a hook's own codes come on top."""
