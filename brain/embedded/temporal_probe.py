"""Ask a Temporal whether it can be used: ``python -m brain.embedded.temporal_probe ADDRESS NAMESPACE``.

A program of its own for two reasons: the client is a large library, and a process that used it briefly may hang or
crash in its threads while it ends. This one writes what it found and leaves without ending those (`os._exit`).

It prints one object: ``{"version": ...}``, or ``{"wrong": why}`` as the end of a sentence about the server.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from brain.embedded.temporal import SEARCH_ATTRIBUTES

PATIENCE_S = 3.0


async def ask(address: str, namespace: str) -> dict[str, str]:
    """Return what is to be printed."""
    patience = timedelta(seconds=PATIENCE_S)
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await Client.connect(address, namespace=namespace)
            service = client.workflow_service
            info = await service.get_system_info(GetSystemInfoRequest(), timeout=patience)
            await service.describe_namespace(DescribeNamespaceRequest(namespace=namespace), timeout=patience)
            known = await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=namespace), timeout=patience
            )
    except TimeoutError:
        return {"wrong": f"does not answer within {PATIENCE_S:g} s."}
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return {"wrong": f"has no namespace {namespace}."}
        return {"wrong": f"cannot be used: {error.message}"}
    except RuntimeError as error:  # what the library raises if it cannot connect; there is but a text
        said = str(error)
        if "ConnectionRefused" in said:
            return {"wrong": "refuses the connection: nothing listens there."}
        if "dns error" in said:
            return {"wrong": "cannot be found: there is no host of that name."}
        return {"wrong": f"cannot be used: {said}"}
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if missing:
        return {"wrong": f"lacks the search attribute {', '.join(missing)} in its namespace {namespace}."}
    return {"version": info.server_version}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(ask(*sys.argv[1:]))) + "\n")
    sys.stdout.flush()
    os._exit(0)
