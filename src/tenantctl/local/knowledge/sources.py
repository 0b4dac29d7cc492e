"""The operations on data sources and on their ingestion jobs.

A job has done its work when its start is answered; on AWS that takes minutes. What changes in the
bucket afterwards isn't retrieved before the next job, as on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.knowledge.ingest import ingest
from tenantctl.local.knowledge.records import Job, Source, new_id, now
from tenantctl.local.knowledge.store import Operation, Params, Store, missing, page, taken

_MOST = 5
"""Data sources of one knowledge base.
https://docs.aws.amazon.com/general/latest/gr/bedrock.html#limits_bedrock
"""

_SHOWN = (
    "description",
    "dataSourceConfiguration",
    "dataDeletionPolicy",
    "serverSideEncryptionConfiguration",
    "vectorIngestionConfiguration",
)


def _create(store: Store, params: Params) -> dict[str, Any]:
    base = store.base(params)

    def make() -> str:
        bucket, prefixes = _place(params)
        if any(source.name == params["name"] for source in base.sources.values()):
            raise taken("DataSource", params["name"])
        if len(base.sources) >= _MOST:
            raise ServiceError(
                "ServiceQuotaExceededException", f"The knowledge base has {_MOST} data sources"
            )
        made, at = new_id(), now()
        given = {key: params[key] for key in _SHOWN if key in params}
        base.sources[made] = Source(made, params["name"], bucket, prefixes, given, at, at)
        return made

    found = base.sources.get(store.once("CreateDataSource", params, make))
    if found is None:
        raise missing("data source", params["name"])
    return {"dataSource": _answer(base.id, found)}


def _place(params: Params) -> tuple[str, tuple[str, ...]]:
    configuration = params["dataSourceConfiguration"]
    if configuration["type"] != "S3":
        kind = configuration["type"]
        raise RefusedError(
            Failure.NOT_IMPLEMENTED,
            f"data sources of type {kind} aren't implemented by the embedded cloud",
        )
    given = configuration.get("s3Configuration")
    if given is None:
        raise ServiceError("ValidationException", "An S3 data source takes an s3Configuration")
    return given["bucketArn"].partition(":::")[2], tuple(given.get("inclusionPrefixes", ("",)))


def _get(store: Store, params: Params) -> dict[str, Any]:
    return {"dataSource": _answer(params["knowledgeBaseId"], store.source(params))}


def _list(store: Store, params: Params) -> dict[str, Any]:
    found = list(store.base(params).sources.values())
    shown, rest = page(params, found, params.get("maxResults", 10))
    return {
        "dataSourceSummaries": [_summary(params["knowledgeBaseId"], one) for one in shown],
        **rest,
    }


def _update(store: Store, params: Params) -> dict[str, Any]:
    source = store.source(params)
    source.bucket, source.prefixes = _place(params)
    kept = {k: v for k, v in source.given.items() if k != "description"}
    source.given = kept | {key: params[key] for key in _SHOWN if key in params}
    source.name, source.updated = params["name"], now()
    return {"dataSource": _answer(params["knowledgeBaseId"], source)}


def _delete(store: Store, params: Params) -> dict[str, Any]:
    source = store.source(params)
    del store.base(params).sources[source.id]
    return {
        "knowledgeBaseId": params["knowledgeBaseId"],
        "dataSourceId": source.id,
        "status": "DELETING",
    }


def _start(store: Store, params: Params) -> dict[str, Any]:
    base, source = store.base(params), store.source(params)

    def make() -> str:
        started, read = now(), ingest(store, base, source)
        made = Job(new_id(), started, read.statistics, params.get("description"), read.failures)
        source.jobs[made.id] = made
        source.documents = dict(read.documents)
        return made.id

    job = source.jobs[store.once(f"StartIngestionJob/{source.id}", params, make)]
    return {"ingestionJob": _job(params, job) | {"status": "STARTING"}}


def _get_job(store: Store, params: Params) -> dict[str, Any]:
    job = store.source(params).jobs.get(params["ingestionJobId"])
    if job is None:
        raise missing("ingestion job", params["ingestionJobId"])
    return {"ingestionJob": _job(params, job)}


def _jobs(store: Store, params: Params) -> dict[str, Any]:
    found = list(store.source(params).jobs.values())
    for one in params.get("filters", ()):
        found = [job for job in found if job.status in one["values"]]
    order = params.get("sortBy", {"attribute": "STARTED_AT", "order": "DESCENDING"})
    found.sort(
        key=lambda j: (j.status if order["attribute"] == "STATUS" else "", j.started),
        reverse=order["order"] == "DESCENDING",
    )
    shown, rest = page(params, found, params.get("maxResults", 10))
    summaries = [{k: v for k, v in _job(params, j).items() if k != "failureReasons"} for j in shown]
    return {"ingestionJobSummaries": summaries, **rest}


def _job(params: Params, job: Job) -> dict[str, Any]:
    return {
        "knowledgeBaseId": params["knowledgeBaseId"],
        "dataSourceId": params["dataSourceId"],
        "ingestionJobId": job.id,
        "status": job.status,
        "statistics": dict(job.statistics),
        "startedAt": job.started,
        "updatedAt": job.started,
        **({"failureReasons": list(job.failures)} if job.failures else {}),
        **({"description": job.description} if job.description else {}),
    }


def _summary(base: str, source: Source) -> dict[str, Any]:
    return {
        "knowledgeBaseId": base,
        "dataSourceId": source.id,
        "name": source.name,
        "status": "AVAILABLE",
        "updatedAt": source.updated,
        **{k: v for k, v in source.given.items() if k == "description"},
    }


def _answer(base: str, source: Source) -> dict[str, Any]:
    made = {"createdAt": source.created, "dataDeletionPolicy": "DELETE"}
    return {**_summary(base, source), **made, **source.given}


OPERATIONS: Mapping[str, Operation] = {
    "CreateDataSource": _create,
    "GetDataSource": _get,
    "ListDataSources": _list,
    "UpdateDataSource": _update,
    "DeleteDataSource": _delete,
    "StartIngestionJob": _start,
    "GetIngestionJob": _get_job,
    "ListIngestionJobs": _jobs,
}
