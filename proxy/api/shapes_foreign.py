"""What other systems send and are told, in their own words: Fides 2 and the Data Rights Protocol 1.0.

Where they may send more than is listed, it is let be: both say that their messages can grow.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from proxy.api.shapes import PRINTED, Told


class Loose(BaseModel):
    """Base of what others send: more may stand in it, and nothing is coerced."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, use_attribute_docstrings=True)


class FidesIdentity(Loose):
    """Whom a request of Fides is about."""

    email: Annotated[str, Field(max_length=320)] | None = None
    phone_number: Annotated[str, Field(max_length=40)] | None = None
    external_id: Annotated[str, Field(max_length=320)] | None = None


class FidesWebhook(Loose):
    """What Fides sends to a webhook of a policy (`SecondPartyRequestFormat`)."""

    privacy_request_id: Annotated[str, Field(min_length=1, max_length=200)]
    direction: Literal["one_way", "two_way"]
    callback_type: Literal["pre_approval", "pre", "post"]
    identity: FidesIdentity
    policy_action: Literal["access", "erasure", "consent", "update"] | None = None


class FidesAnswer(Told):
    """What Fides reads of the answer (`SecondPartyResponseFormat`)."""

    derived_identity: None
    halt: bool
    """Its own processing waits until it is called back."""


class DrpRequest(Loose):
    """The signed body of a Data Rights Exercise (2.01); names as the protocol writes them."""

    agent_id: Annotated[str, Field(alias="agent-id", max_length=64)]
    business_id: Annotated[str, Field(alias="business-id", max_length=64)]
    agent_request_id: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, alias="agent-request-id"
    )
    issued_at: Annotated[str, Field(alias="issued-at", max_length=40)]
    expires_at: Annotated[str, Field(alias="expires-at", max_length=40)]
    version: Annotated[str, Field(alias="drp.version", max_length=20)]
    exercise: Annotated[str, Field(max_length=40)]
    regime: Annotated[str, Field(max_length=40)] | None = None
    status_callback: Annotated[str, Field(max_length=1_000)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    email_verified: bool = False
    phone_number: Annotated[str, Field(max_length=40)] | None = None
    phone_number_verified: bool = False


class DrpSetup(Loose):
    """The signed body of a Pair-wise Key Setup (2.05)."""

    agent_id: Annotated[str, Field(alias="agent-id", max_length=64)]
    business_id: Annotated[str, Field(alias="business-id", max_length=64)]
    issued_at: Annotated[str, Field(alias="issued-at", max_length=40)]
    expires_at: Annotated[str, Field(alias="expires-at", max_length=40)]
    exercise: None = None
    """Has a message that is an Exercise; whoever has seen one gets no key with it."""


class DrpRevoke(Loose):
    """The signed body of a Data Rights Revoke (2.04).

    The protocol gives it a reason and no more, and has it checked by members that it does not give it (3.07): an
    agent that sends any of those binds the message to itself, to us and to a time, and is held to them.
    """

    reason: Annotated[str, Field(max_length=2_000, pattern=PRINTED)] | None = None
    request_id: Annotated[str, Field(max_length=64)] | None = None
    """Sends the agent of reference, and says which request is meant."""
    agent_id: Annotated[str | None, Field(alias="agent-id", max_length=64)] = None
    business_id: Annotated[str | None, Field(alias="business-id", max_length=64)] = None
    issued_at: Annotated[str | None, Field(alias="issued-at", max_length=40)] = None
    expires_at: Annotated[str | None, Field(alias="expires-at", max_length=40)] = None
    exercise: None = None
    """Has a message that is an Exercise, and revokes nothing."""

    @property
    def bound(self) -> bool:
        """Whether it says whose it is, for whom, or until when."""
        return any((self.agent_id, self.business_id, self.issued_at, self.expires_at))


class DrpStatus(Told):
    """The Exercise Status object (3.03)."""

    request_id: str
    status: Literal["open", "in_progress", "fulfilled", "revoked", "denied", "expired"]
    received_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    reason: str | None = None
    expected_by: Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None = None
    agent_request_id: str | None = None
    processing_details: str | None = None
    user_verification_url: str | None = None


class DrpToken(Told):
    """A pair-wise key."""

    agent_id: Annotated[str, Field(alias="agent-id")]
    token: str


class DrpNothing(Told):
    """An empty object: the token is good."""


class DrpTrouble(Told):
    """An error state (3.06)."""

    code: str
    message: str
    fatal: bool | None = None
