"""Every name, ARN and key prefix of a pool is built here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tenantctl.domain import model as models
from tenantctl.domain.pool import Bucket, Index, KnowledgeBase, Memory, Pool, Table
from tenantctl.domain.template import Template
from tenantctl.domain.tools import Tool

POOL_TAG = "tenantctl:pool"
"""The key of the tag by which a resource is known as a pool's; its value is the pool's name."""

EMBEDDINGS = "amazon.titan-embed-text-v2:0"
"""The embedding model of the pool's knowledge bases; its vectors have 1,024 numbers.
https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html
"""

ASSIGNED = "-" + "?" * 10
"""What AgentCore adds to a name to make an id, as a policy's pattern: ten characters of its own.
https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGateway.html
"""


def partition(region: str) -> str:
    """The ARN partition of a region: `aws`, `aws-cn` or `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one pool in one account."""

    pool: Pool
    account: str

    def _arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        where = self.pool.region if region is None else region
        return f"arn:{partition(self.pool.region)}:{service}:{where}:{self.account}:{resource}"

    # -- the pool's own resources -------------------------------------------------------------

    @property
    def tags(self) -> dict[str, str]:
        """What everything bears that the pool made, or was given."""
        return {POOL_TAG: self.pool.name}

    @property
    def url_suffix(self) -> str:
        """The domain of AWS's own host names in the pool's partition."""
        return "amazonaws.com.cn" if self.pool.region.startswith("cn-") else "amazonaws.com"

    @property
    def registry_table(self) -> str:
        """Tenants, one item each; journals and policy history lie beside them."""
        return f"{self.pool.name}-registry"

    @property
    def user_pool(self) -> str:
        """The Cognito user pool's name (not its id, which Cognito assigns)."""
        return f"{self.pool.name}-users"

    def user_pool_arn(self, user_pool_id: str) -> str:
        """The user pool's ARN by the id that Cognito assigned."""
        return self._arn("cognito-idp", f"userpool/{user_pool_id}")

    def issuer(self, user_pool_id: str) -> str:
        """What the user pool's tokens name as `iss`."""
        return f"https://cognito-idp.{self.pool.region}.{self.url_suffix}/{user_pool_id}"

    @property
    def app_client(self) -> str:
        """The app client's name."""
        return f"{self.pool.name}-app"

    @property
    def policy_engine(self) -> str:
        """Policy engine names match `[A-Za-z][A-Za-z0-9_]{0,47}`: no hyphens."""
        return self.pool.name.replace("-", "_")

    def gateway(self, tier: str) -> str:
        """The gateway's name of a tier; the service adds ten characters to make its id."""
        return f"{self.pool.name}-{tier}"

    def gateway_arn(self, tier: str) -> str:
        """The gateway's ARN by its name, before the service has assigned its id."""
        return self._arn("bedrock-agentcore", f"gateway/{self.gateway(tier)}")

    @property
    def gateway_patterns(self) -> tuple[str, ...]:
        """What the ARNs of the tiers' gateways match, whatever ids they get."""
        return tuple(self.gateway_arn(tier) + ASSIGNED for tier in self.pool.tiers)

    @property
    def policy_engine_pattern(self) -> str:
        """What the policy engine's ARN matches, whatever id it gets."""
        return self._arn("bedrock-agentcore", f"policy-engine/{self.policy_engine}{ASSIGNED}")

    def gateway_url(self, gateway_id: str) -> str:
        """A gateway's MCP endpoint on AWS, by the id that the service assigned."""
        host = f"{gateway_id}.gateway.bedrock-agentcore.{self.pool.region}.{self.url_suffix}"
        return f"https://{host}/mcp"

    @property
    def code_bucket(self) -> str:
        """The bucket with the agent's code; buckets' names are global."""
        return f"{self.pool.name}-code-{self.account}-{self.pool.region}"

    def runtime(self, tier: str) -> str:
        """The agent runtime's name of a tier; runtimes' names hold no hyphens."""
        return f"{self.pool.name}_{tier}".replace("-", "_")

    @property
    def repository_arn(self) -> str | None:
        """The private ECR repository of the runtimes' image; `None` for a public one, or none."""
        host, _, rest = (self.pool.container or "").partition("/")
        account, *labels = host.split(".")
        if labels[:2] != ["dkr", "ecr"]:
            return None
        name = rest.partition("@")[0].partition(":")[0]
        return f"arn:{partition(labels[2])}:ecr:{labels[2]}:{account}:repository/{name}"

    # -- functions ----------------------------------------------------------------------------

    @property
    def interceptor(self) -> str:
        """The name of the gateways' interceptor: of the function, and of its role."""
        return f"{self.pool.name}-interceptor"

    def function(self, tool: Tool) -> str:
        """The name of a tool's function."""
        return f"{self.pool.name}-{tool.target}"

    def function_arn(self, name: str) -> str:
        """A function's ARN by its name."""
        return self._arn("lambda", f"function:{name}")

    def function_logs(self, name: str) -> tuple[str, str]:
        """The log group of functions with that name (or pattern), and the streams in it."""
        group = self._arn("logs", f"log-group:/aws/lambda/{name}")
        return group, f"{group}:*"

    # -- roles --------------------------------------------------------------------------------

    def role_arn(self, name: str, *, path: str = "/") -> str:
        """The ARN of a role; a path begins and ends with `/`. The pool's own roles have none."""
        return self._arn("iam", f"role{path}{name}", region="")

    def managed_policy_arn(self, name: str, *, path: str = "/") -> str:
        """The ARN of one of the account's own managed policies; a path begins and ends with `/`."""
        return self._arn("iam", f"policy{path}{name}", region="")

    @property
    def agent_role_arn(self) -> str:
        """The agent execution role: the only principal that the vending role trusts."""
        return self.role_arn(self.pool.roles.agent)

    @property
    def gateway_role(self) -> str:
        """The role that the gateways act as: it calls the functions, and asks the policy engine."""
        return f"{self.pool.name}-gateway"

    @property
    def agentcore_arns(self) -> str:
        """All of AgentCore's resources in the account and Region, as a pattern."""
        return self._arn("bedrock-agentcore", "*")

    @property
    def vending_role_arn(self) -> str:
        """The token vending machine's role: what every tenant session is a session of."""
        return self.role_arn(self.pool.roles.vending)

    def session_arn(self, role: str, session: str) -> str:
        """The ARN of a session of the role with that name."""
        return self._arn("sts", f"assumed-role/{role}/{session}", region="")

    # -- data ---------------------------------------------------------------------------------

    def table_arn(self, table: Table | str) -> str:
        """A table's ARN; the configuration's `arn` wins."""
        if isinstance(table, Table):
            return table.arn or self._arn("dynamodb", f"table/{table.name}")
        return self._arn("dynamodb", f"table/{table}")

    def index_arn(self, table: Table, index: Index) -> str:
        """The ARN of a table's index."""
        return f"{self.table_arn(table)}/index/{index.name}"

    def bucket_arn(self, bucket: Bucket | str) -> str:
        """A bucket's ARN; it has neither region nor account. The configuration's `arn` wins."""
        if isinstance(bucket, Bucket):
            return bucket.arn or self.bucket_arn(bucket.name)
        return f"arn:{partition(self.pool.region)}:s3:::{bucket}"

    def object_arn(self, bucket: Bucket | str, key: str) -> str:
        """The ARN of an object."""
        return f"{self.bucket_arn(bucket)}/{key}"

    def memory_arn(self, memory: Memory) -> str:
        """A memory's ARN; the configuration's `arn` wins."""
        return memory.arn or self._arn("bedrock-agentcore", f"memory/{memory.name}")

    def memory_arns(self, memory: Memory) -> tuple[str, ...]:
        """A memory's ARN, and what it matches once the service has assigned its id."""
        arn = self.memory_arn(memory)
        return (arn,) if memory.arn else (arn, arn + ASSIGNED)

    # -- knowledge bases ----------------------------------------------------------------------

    @property
    def knowledge_role(self) -> str:
        """The role that knowledge bases act as: it reads documents, and writes their vectors."""
        return f"{self.pool.name}-knowledge"

    def knowledge_base_pattern(self, base: KnowledgeBase) -> str:
        """A knowledge base's ARN, or what it matches until Bedrock has assigned its id."""
        return base.arn or self._arn("bedrock", "knowledge-base/*")

    @property
    def knowledge_bases(self) -> str:
        """What the ARNs of the account's knowledge bases begin with."""
        return self._arn("bedrock", "knowledge-base/")

    @property
    def embeddings_arn(self) -> str:
        """The ARN of the model that makes vectors of documents and questions."""
        return self.foundation_model_arn(EMBEDDINGS, self.pool.region)

    @property
    def vector_bucket(self) -> str:
        """The name of the vector bucket in which the knowledge bases have their indexes."""
        return f"{self.pool.name}-knowledge"

    @property
    def vector_bucket_arn(self) -> str:
        """The vector bucket's ARN."""
        return self._arn("s3vectors", f"bucket/{self.vector_bucket}")

    def vector_index_arn(self, base: KnowledgeBase) -> str:
        """The ARN of the index of a knowledge base, which bears its name."""
        return f"{self.vector_bucket_arn}/index/{base.name}"

    def manages(self, resource: Table | Bucket) -> bool:
        """Whether the pool owns it: with an `arn` of another account or Region, somebody else does.

        A bucket's ARN names neither, so only an `arn` with another name counts there.
        """
        if isinstance(resource, Table):
            return resource.arn in {None, self.table_arn(resource.name)}
        return resource.arn in {None, self.bucket_arn(replace(resource, arn=None))}

    # -- policy patterns ----------------------------------------------------------------------

    def policy_pattern(self, template: Template) -> str:
        """A template as the text of a policy that speaks of the session's tags."""
        return template.policy_text(self.pool.identity.tags)

    def model_arns(self, model: str) -> tuple[str, ...]:
        """What invoking a model reaches: the model, or an inference profile and its models.

        Profile ids begin with a geography (`us.`, `global.`); Bedrock then authorizes the model
        in each Region that the profile routes to, too.
        https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
        """
        if model.startswith("arn:"):
            return (model,)
        known = models.model(model)
        if known.profile:
            return (self.profile_arn(model), self.foundation_model_arn(known.foundation, "*"))
        return (self.foundation_model_arn(model, self.pool.region),)

    def foundation_model_arn(self, model: str, region: str) -> str:
        """The ARN of a foundation model by its id; it is nobody's, so it names no account."""
        return f"arn:{partition(self.pool.region)}:bedrock:{region}::foundation-model/{model}"

    def profile_arn(self, profile: str, region: str | None = None) -> str:
        """The ARN of a system-defined inference profile in the account, by its id."""
        return self._arn("bedrock", f"inference-profile/{profile}", region=region)

    @property
    def application_profiles(self) -> str:
        """What the ARNs of the account's own inference profiles begin with."""
        return self._arn("bedrock", "application-inference-profile/")

    def access_point_arn(self, name: str, *, account: str | None = None) -> str:
        """The ARN of an S3 access point; the bucket's may be in another account."""
        where = f"{self.pool.region}:{account or self.account}"
        return f"arn:{partition(self.pool.region)}:s3:{where}:accesspoint/{name}"

    @property
    def runtime_logs_arn(self) -> str:
        """The log groups that AgentCore makes for runtimes, as a pattern."""
        return self._arn("logs", "log-group:/aws/bedrock-agentcore/runtimes/*")
