"""`verify-isolation --mode proof`: which documents are proved, and of which pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantctl.cli.context import Context
    from tenantctl.domain.finding import Report
    from tenantctl.domain.names import Names
    from tenantctl.proof.documents import Documents


def proved(ctx: Context, directory: Path | None, *, trying: bool = False) -> Report:
    """Prove the documents of a directory; without one, those that the configuration renders.

    Needs no cloud and no credentials, except for `trying` witnesses.
    """
    from tenantctl.cli.witness import proved_in_cloud
    from tenantctl.domain.config import LOCAL_ACCOUNT
    from tenantctl.domain.names import Names
    from tenantctl.proof.directory import load
    from tenantctl.proof.prove import prove

    pool, beside = ctx.pool(), ctx.config.absolute().parent
    if directory is not None:
        return prove(*load(directory, pool), target="documents")
    if trying:
        return proved_in_cloud(ctx, lambda names, _: rendered(names, beside), trying=True)
    # Without an account the rendered ARNs all name the same stand-in: nothing depends on it.
    names = Names(pool, pool.account or LOCAL_ACCOUNT)
    return prove(names, rendered(names, beside), target=pool.target.value)


def rendered(names: Names, beside: Path) -> Documents:
    """The documents that the configuration renders; templates `beside` it win."""
    from tenantctl.iam.document import Kind, read
    from tenantctl.pool.documents import bucket_document, trust_document, vending_documents
    from tenantctl.proof.documents import Documents

    made = vending_documents(names, beside=beside)
    buckets = names.pool.data.buckets
    return Documents(
        trust=read(trust_document(names, beside=beside), name="trust", kind=Kind.TRUST),
        identity=tuple(read(d, name=name, kind=Kind.IDENTITY) for name, d in made.items()),
        resources=tuple(
            (
                names.bucket_arn(bucket),
                read(
                    bucket_document(names, bucket, beside=beside),
                    name=f"bucket/{bucket.name}",
                    kind=Kind.RESOURCE,
                ),
            )
            for bucket in buckets
        ),
    )
