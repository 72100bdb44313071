"""What runs on a schedule: an entry a deployment. `flows.operations.deploy` tells Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """A flow, when it runs, and with what.

    Attributes:
        name: of the deployment; the source's is added where there is one a source.
        flow: its module and function, imported when it is deployed or run.
        cron: when, unless somebody says otherwise.
        each_source: one deployment a source, whose folder and name are among its parameters; else one a collection.
        parameters: besides the store.
        about: what the deployment's page says.
    """

    name: str
    flow: str
    cron: str
    about: str
    each_source: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)


JOBS = (
    Job(
        "ingest",
        "flows.ingest.ingest",
        "0 * * * *",
        "Takes in what is new, changed, renamed, moved or deleted in the folder.",
        each_source=True,
        parameters={"wait": True},
    ),
    Job(
        "reconcile-full",
        "flows.ingest.ingest",
        "30 2 * * *",
        "The same, and believes no time stamp: every file is hashed.",
        each_source=True,
        parameters={"wait": True, "verify": True},
    ),
    Job(
        "maintenance",
        "flows.maintenance.maintenance",
        "0 4 * * *",
        "Tries quarantined files again, builds the vector index, and backs the collection up.",
    ),
    Job("fit", "flows.fit.fit", "30 4 * * 0", "Fits a fusion of the vectors; it is put in use if it finds more."),
    Job(
        "evaluation",
        "flows.evaluate.evaluate",
        "0 5 * * 0",
        "Measures how well the collection is searched, and fails where that fell since the last time.",
        parameters={
            "searcher": "query:search",
            "name": "scheduled",
            "against": "latest",
            "gate": {"mrr": 0.05},
            "wait": True,
        },
    ),
)
