"""A run that a warm ``murakkab serve`` makes."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import typer

from murakkab.cli.display import open_sinks
from murakkab.cli.faults import FAILED, USAGE
from murakkab.cli.interrupts import Interrupts
from murakkab.cli.offered import check_offered
from murakkab.cli.requests import RunOptions
from murakkab.cli.session import Event, follow
from murakkab.engine import UserError
from murakkab.language import Workflow, check_inputs

_TIMEOUT = httpx.Timeout(30.0, read=60.0)

_NOT_OURS = (429, 500, 503)
"""Refusals for which the request is not to blame."""


async def make_there(workflow: Workflow, inputs: dict[str, Any], options: RunOptions) -> Event:
    """Submit a run to ``options.server``, show it until it ends and return ``run.finished``.

    Raises:
        UserError: the server cannot be reached or refuses the run.
    """
    _refuse_local_options(options)
    with Interrupts() as interrupts:
        try:
            async with _client(options.server or "") as client:
                run = await _submit(client, workflow, inputs, options.seed)
                if not options.quiet:
                    verb = "Watch" if "stream" in workflow.outputs else "See"
                    typer.echo(f"{verb} it at {client.base_url.join(f'/runs/{run}')}", err=True)
                return await follow(_events(client, run), lambda: _cancel(client, run), interrupts, open_sinks(options))
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise UserError(
                f"cannot reach {options.server}: {fault or type(fault).__name__}",
                "Start it with 'murakkab serve', or leave --server out.",
                FAILED,
            ) from None


def _client(server: str) -> httpx.AsyncClient:
    """A client that brings the token of the environment variable ``MURAKKAB_TOKEN``, if there is one."""
    token = os.environ.get("MURAKKAB_TOKEN")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=server, timeout=_TIMEOUT, headers=headers)


def _refuse_local_options(options: RunOptions) -> None:
    local: dict[str, Any] = {"--edit": options.edit, "--llm": options.llm, "--use": options.use}
    local |= {"--plan": options.plan, "--port": options.port, "--no-cache": not options.cache}
    for flag, given in local.items():
        if given:
            raise UserError(f"{flag} does not go with --server", f"Leave {flag} out, or give it to 'murakkab serve'.")


async def _submit(client: httpx.AsyncClient, workflow: Workflow, inputs: dict[str, Any], seed: int | None) -> str:
    found = _checked(await client.get("/api/workflows"))
    check_offered(workflow, found.get("workflows") or (), str(client.base_url))
    checked = {name: value for name, value in check_inputs(workflow, inputs).items() if name in inputs}
    documents = {n: str(v) for n, v in checked.items() if workflow.inputs[n].type == "document" and v}
    plain = {n: v for n, v in checked.items() if n not in documents}
    fields = {"workflow": workflow.name, "inputs": json.dumps(plain)} | ({} if seed is None else {"seed": str(seed)})
    with ExitStack() as stack:
        files = {n: (Path(p).name, stack.enter_context(Path(p).open("rb"))) for n, p in documents.items()}
        if files:
            answer = await client.post("/api/runs", data=fields, files=files)
        else:
            answer = await client.post("/api/runs", json={**fields, "inputs": plain, "seed": seed})
    return str(_checked(answer)["run"])


async def _cancel(client: httpx.AsyncClient, run: str) -> None:
    _checked(await client.post(f"/api/runs/{run}/cancel"))


async def _events(client: httpx.AsyncClient, run: str) -> AsyncIterator[Event]:
    """Read the server's event stream until the run is finished."""
    async with client.stream("GET", f"/api/runs/{run}/events") as answer:
        if answer.is_error:
            await answer.aread()
            _checked(answer)
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                yield json.loads(line[5:])


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer; UserError in the server's own words when it refused."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.is_error or not isinstance(said, dict):
        words = said.get("error") if isinstance(said, dict) else None
        message = (
            words if isinstance(words, str) else f"the server answered {answer.status_code} {answer.reason_phrase}"
        )
        facts = said if isinstance(said, dict) else {}
        code = FAILED if answer.status_code in _NOT_OURS else USAGE
        raise UserError(message, str(facts.get("fix") or ""), int(facts.get("exit_code") or code))
    return said
