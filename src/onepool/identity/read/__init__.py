"""What people ask of OneID, read from state and pool by any process: who is one customer, why, and what waits."""

from onepool.identity.read.briefs import Brief, briefs
from onepool.identity.read.explain import Explanation, Reason, Step, explain, path
from onepool.identity.read.graph import (
    Graph,
    graph,
    is_strong,
    merge_pairs,
    pairs_between,
    side,
    side_with,
    split_sides,
)
from onepool.identity.read.history import customers_at
from onepool.identity.read.listing import identifiers
from onepool.identity.read.models import (
    ModelVersion,
    WeightChange,
    blocking_of,
    likelihood_of,
    model_versions,
    to_restore,
    weight_changes,
    weights_of,
)
from onepool.identity.read.overview import Overview, Suspect, overview, suspicious
from onepool.identity.read.postponed import Postponed, postpone, postponed, resume
from onepool.identity.read.queue import (
    Kind,
    Pair,
    candidates,
    candidates_by_id,
    ends,
    open_conflicts,
    ranked,
    reason_code,
    settled,
)
from onepool.identity.read.sources import (
    Link,
    Node,
    Sources,
    joining_of,
    links_by_id,
    members,
    named,
    nodes,
    sources_of,
)
from onepool.identity.read.texts import Words
from onepool.identity.read.truth import Found, find_records
from onepool.identity.read.versions import changes

__all__ = [
    "Brief",
    "Explanation",
    "Found",
    "Graph",
    "Kind",
    "Link",
    "ModelVersion",
    "Node",
    "Overview",
    "Pair",
    "Postponed",
    "Reason",
    "Sources",
    "Step",
    "Suspect",
    "WeightChange",
    "Words",
    "blocking_of",
    "briefs",
    "candidates",
    "candidates_by_id",
    "changes",
    "customers_at",
    "ends",
    "explain",
    "find_records",
    "graph",
    "identifiers",
    "is_strong",
    "joining_of",
    "likelihood_of",
    "links_by_id",
    "members",
    "merge_pairs",
    "model_versions",
    "named",
    "nodes",
    "open_conflicts",
    "overview",
    "pairs_between",
    "path",
    "postpone",
    "postponed",
    "ranked",
    "reason_code",
    "resume",
    "settled",
    "side",
    "side_with",
    "sources_of",
    "split_sides",
    "suspicious",
    "to_restore",
    "weight_changes",
    "weights_of",
]
