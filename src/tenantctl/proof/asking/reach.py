"""What each action can reach of tenants' data, and which keys its requests carry.

The actions and their condition keys are AWS's (`actions.json`, made by
`tools/action_catalogue.py`); what an action reaches is said here. An action on a table, bucket,
memory or model that is classed nowhere counts as reaching all of it.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockagentcore.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Reach(StrEnum):
    """How an action comes to data."""

    ITEM = "item"  # one partition: dynamodb:LeadingKeys has one value
    ITEMS = "items"  # a batch: one value or several
    SELECT = "select"  # PartiQL: one, several, or none at all
    OBJECT = "object"  # the key stands in the resource
    LISTING = "listing"  # s3:prefix, or none
    ACTOR = "actor"  # bedrock-agentcore:actorId
    JOB = "job"  # the same, or none
    RECORD = "record"  # bedrock-agentcore:namespace of a record
    SEARCH = "search"  # namespace or namespacePath as a prefix, never both
    WHOLE = "whole"  # the whole table, index, stream, bucket or memory
    UNLOCK = "unlock"  # takes away the resource's policy, with what it denies
    ROLE = "role"  # rewrites what the session itself may do
    KNOWLEDGE = "knowledge"  # reads or changes what a knowledge base has of everybody
    MODEL = "model"  # invokes the model in the resource
    KEY = "key"  # may make whatever lies under a key unreadable, for everybody
    NOTHING = "nothing"


# dynamodb:LeadingKeys, by action:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
# PartiQLSelect without a condition on the partition key reads everything:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
_DYNAMODB = {
    Reach.ITEM: """GetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem PartiQLInsert
        PartiQLUpdate PartiQLDelete""",
    Reach.ITEMS: "BatchGetItem BatchWriteItem",
    Reach.SELECT: "PartiQLSelect",
    Reach.WHOLE: """Scan SearchVectors GetRecords ExportTableToPointInTime CreateBackup
        StartAwsBackupJob DeleteBackup RestoreTableFromBackup RestoreTableToPointInTime
        RestoreTableFromAwsBackup EnableKinesisStreamingDestination CreateGlobalTable
        UpdateGlobalTable CreateTableReplica AssociateTableReplica DeleteTableReplica
        ReadDataForReplication WriteDataForReplication PutResourcePolicy DeleteTable
        UpdateTimeToLive""",
    Reach.UNLOCK: "DeleteResourcePolicy",
    # Settings, names and descriptions. A shard iterator holds no record, and an import makes a
    # new table.
    Reach.NOTHING: """CreateTable CreateGlobalTableWitness DeleteGlobalTableWitness
        DescribeBackup DescribeContinuousBackups DescribeContributorInsights DescribeExport
        DescribeGlobalTable DescribeGlobalTableSettings DescribeImport
        DescribeKinesisStreamingDestination DescribeStream DescribeTable
        DescribeTableReplicaAutoScaling DescribeTimeToLive DisableKinesisStreamingDestination
        DisassociateTableReplica GetResourcePolicy GetShardIterator ImportTable ListExports
        ListImports ListTagsOfResource ReplicateSettings TagResource UntagResource
        UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTableSettings
        UpdateGlobalTableVersion UpdateKinesisStreamingDestination UpdateTable
        UpdateTableReplicaAutoScaling""",
}

# ListBucketMultipartUploads knows no s3:prefix. Inventories, access logs, notifications,
# metadata tables and replicas carry every key (or object) elsewhere; a lifecycle rule deletes.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
_S3 = {
    Reach.OBJECT: """AbortMultipartUpload DeleteObject DeleteObjectAnnotation DeleteObjectTagging
        DeleteObjectVersion DeleteObjectVersionAnnotation DeleteObjectVersionTagging GetObject
        GetObjectAcl GetObjectAnnotation GetObjectAttributes GetObjectLegalHold
        GetObjectRetention GetObjectTagging GetObjectTorrent GetObjectVersion
        GetObjectVersionAcl GetObjectVersionAnnotation GetObjectVersionAnnotationForReplication
        GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTagging
        GetObjectVersionTorrent InitiateReplication ListMultipartUploadParts
        ListObjectAnnotations ListObjectVersionAnnotations PutObject PutObjectAcl
        PutObjectAnnotation PutObjectLegalHold PutObjectRetention PutObjectTagging
        PutObjectVersionAcl PutObjectVersionAnnotation PutObjectVersionTagging ReplicateDelete
        ReplicateObject ReplicateObjectAnnotation ReplicateTags RestoreObject
        UpdateObjectEncryption""",
    Reach.LISTING: "ListBucket ListBucketVersions",
    Reach.WHOLE: """ListBucketMultipartUploads PutBucketPolicy PutBucketAcl
        PutReplicationConfiguration PutInventoryConfiguration PutLifecycleConfiguration
        PutBucketLogging PutBucketNotification CreateBucketMetadataTableConfiguration""",
    Reach.UNLOCK: "DeleteBucketPolicy",
    # The first two only widen what other actions do.
    Reach.NOTHING: """BypassGovernanceRetention ObjectOwnerOverrideToBucketOwner
        AllowVendedLogDeliveryForResource CreateBucket DeleteBucket
        DeleteBucketMetadataTableConfiguration DeleteBucketWebsite GetAccelerateConfiguration
        GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation
        GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification
        GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy
        GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketRequestPayment
        GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration
        GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration
        GetMetricsConfiguration GetReplicationConfiguration ListTagsForResource PauseReplication
        PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketCORS
        PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPublicAccessBlock
        PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
        PutEncryptionConfiguration PutIntelligentTieringConfiguration PutMetricsConfiguration
        TagResource UntagResource UpdateBucketMetadataAnnotationTableConfiguration
        UpdateBucketMetadataInventoryTableConfiguration
        UpdateBucketMetadataJournalTableConfiguration""",
}

# ListActors and extraction jobs know no tenant's key. A new strategy of UpdateMemory may deliver
# every event elsewhere.
# https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/memory-self-managed-strategies.html
_MEMORY = {
    Reach.ACTOR: "CreateEvent GetEvent DeleteEvent ListEvents ListSessions IngestData",
    Reach.JOB: "StartMemoryExtractionJob",
    Reach.RECORD: """GetMemoryRecord DeleteMemoryRecord BatchCreateMemoryRecords
        BatchUpdateMemoryRecords BatchDeleteMemoryRecords""",
    Reach.SEARCH: "ListMemoryRecords RetrieveMemoryRecords",
    Reach.WHOLE: """ListActors ListMemoryExtractionJobs DeleteMemory UpdateMemory
        UpdateMemoryRecordExpirySpecification""",
    Reach.NOTHING: """AllowVendedLogDeliveryForResource GetMemory ListTagsForResource TagResource
        UntagResource""",
}

# Converse, StartAsyncInvoke and the bidirectional stream are authorized as the first, and
# ConverseStream as the second. Jobs invoke models as the role that is passed to them
# (`iam:PassRole`); what a session makes (profiles, routers, deployments) is invoked by the first
# two, and routes to models that the session itself must be allowed to invoke.
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-prereq.html
# https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-permissions.html
# Of a knowledge base, no key narrows what is retrieved, listed, added or deleted; a data source
# may bring in other documents, with whatever metadata, and a resource policy other readers. An
# agent retrieves as its own role, and an ingestion reads the sources that there are.
_BEDROCK = {
    Reach.MODEL: "InvokeModel InvokeModelWithResponseStream",
    Reach.KNOWLEDGE: """AgenticRetrieveStream CreateDataSource DeleteDataSource
        DeleteKnowledgeBase DeleteKnowledgeBaseDocuments GetKnowledgeBaseDocuments
        IngestKnowledgeBaseDocuments ListKnowledgeBaseDocuments PutResourcePolicy Retrieve
        RetrieveAndGenerate UpdateDataSource UpdateKnowledgeBase""",
    Reach.NOTHING: """AllowVendedLogDeliveryForResource AssociateAgentKnowledgeBase
        CountTokens CreateAdvancedPromptOptimizationJob CreateCustomModelDeployment
        CreateEvaluationJob CreateInferenceProfile CreateModelCopyJob CreateModelCustomizationJob
        CreateModelEvaluationJob CreateModelInvocationJob CreatePromptRouter
        CreateProvisionedModelThroughput DeleteCustomModel DeleteCustomModelDeployment
        DeleteImportedModel DeleteInferenceProfile DeleteProvisionedModelThroughput
        DeleteResourcePolicy DetectGeneratedContent DisassociateAgentKnowledgeBase
        GetAgentKnowledgeBase GetCustomModel GetCustomModelDeployment GetDataSource
        GetFoundationModel GetImportedModel GetInferenceProfile GetIngestionJob GetKnowledgeBase
        GetProvisionedModelThroughput GetResourcePolicy ListDataSources ListIngestionJobs
        ListTagsForResource StartIngestionJob StopIngestionJob TagResource UntagResource
        UpdateAgentKnowledgeBase UpdateCustomModelDeployment UpdateProvisionedModelThroughput""",
}

# A knowledge base's index holds its passages beside their vectors.
# https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-setup.html
_VECTORS = {
    Reach.KNOWLEDGE: """DeleteIndex DeleteVectorBucket DeleteVectors GetVectors ListVectors
        PutVectorBucketPolicy PutVectors QueryVectors""",
    Reach.NOTHING: """CreateIndex CreateVectorBucket DeleteVectorBucketPolicy GetIndex
        GetVectorBucket GetVectorBucketPolicy ListIndexes ListTagsForResource
        PutVectorBucketDefaultIndexMode TagResource UntagResource UpdateIndexMode""",
}

# The layout knows no key of a tenant's own: one key lies under everybody's data. To decrypt takes
# the ciphertext, which only DynamoDB, S3 and AgentCore hold; they decrypt for whom they let in. So
# no action on a key reaches another tenant's data; a few make all of it unreadable.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
_KMS = {
    Reach.KEY: "DeleteImportedKeyMaterial DisableKey PutKeyPolicy ScheduleKeyDeletion",
    Reach.NOTHING: """CancelKeyDeletion CreateAlias CreateGrant Decapsulate Decrypt DeleteAlias
        DeriveSharedSecret DescribeKey DisableKeyRotation EnableKey EnableKeyRotation Encapsulate
        Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
        GenerateDataKeyWithoutPlaintext GenerateMac GetKeyLastUsage GetKeyPolicy
        GetKeyRotationStatus GetParametersForImport GetPublicKey ImportKeyMaterial ListGrants
        ListKeyPolicies ListKeyRotations ListResourceTags ReEncryptFrom ReEncryptTo ReplicateKey
        RetireGrant RevokeGrant RotateKeyOnDemand Sign SynchronizeMultiRegionKey TagResource
        UntagResource UpdateAlias UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac""",
}

# A session that may rewrite its own role's policies or trust is bound by none of them.
_IAM = {
    Reach.ROLE: """PutRolePolicy AttachRolePolicy DeleteRolePolicy DetachRolePolicy
        PutRolePermissionsBoundary DeleteRolePermissionsBoundary UpdateAssumeRolePolicy"""
}

_CLASSES = {
    "dynamodb": _DYNAMODB,
    "s3": _S3,
    "bedrock-agentcore": _MEMORY,
    "bedrock": _BEDROCK,
    "s3vectors": _VECTORS,
    "kms": _KMS,
    "iam": _IAM,
}
_UNCLASSED = {
    "dynamodb": Reach.WHOLE,
    "s3": Reach.WHOLE,
    "bedrock-agentcore": Reach.WHOLE,
    "bedrock": Reach.MODEL,
    "s3vectors": Reach.KNOWLEDGE,
    "kms": Reach.KEY,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the kinds of resource that it acts on, and its own condition keys."""

    name: str
    on: frozenset[str]
    keys: frozenset[str]
    reach: Reach

    @property
    def service(self) -> str:
        """The prefix of its name."""
        return self.name.partition(":")[0]

    @property
    def through_points(self) -> bool:
        """Whether it can be asked of an S3 access point, with the bucket behind it.

        The reference leaves one out that the user guide has:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-service-api-support.html
        """
        kinds = {"accesspoint", "accesspointobject"}
        return not kinds.isdisjoint(self.on) or self.name == "s3:ListBucketMultipartUploads"

    def carries(self, key: str) -> bool:
        """Whether its requests may carry a key of lower case; `aws:RequestTag/…` by its stem."""
        return key in self.keys or any(
            key.startswith(known[: known.index("/") + 1]) for known in self.keys if "/" in known
        )


@cache
def catalogue() -> Mapping[str, Action]:
    """Every action that is looked at, by name."""
    text = files("tenantctl.proof").joinpath("actions.json").read_text(encoding="utf-8")
    found: dict[str, Action] = {}
    for name, details in json.loads(text)["actions"].items():
        service = name.partition(":")[0]
        default = _UNCLASSED.get(service, Reach.NOTHING)
        found[name] = Action(
            name,
            frozenset(details["on"]),
            frozenset(details["keys"]),
            _classed().get(name, default),
        )
    return found


def classed() -> frozenset[str]:
    """The actions that are classed by hand."""
    return frozenset(_classed())


@cache
def _classed() -> Mapping[str, Reach]:
    return {
        f"{service}:{name}": reach
        for service, classes in _CLASSES.items()
        for reach, names in classes.items()
        for name in names.split()
    }
