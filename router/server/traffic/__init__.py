"""Shaping traffic: layers between the engine and the transport to subgraphs, and what many clients' requests share.

    counting -> sharing -> retries -> hedging -> circuit breaker -> concurrency -> deadline header -> HTTP

Each layer is a transport around a transport, for one subgraph, and is there only if the settings ask for it.
"""
