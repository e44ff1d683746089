"""What a paper claims, as data, held against what a study gives."""

from interp.claims.claim import Claim
from interp.claims.read import packaged_claims, read_claims
from interp.claims.table import check_claims

__all__ = ["Claim", "check_claims", "packaged_claims", "read_claims"]
