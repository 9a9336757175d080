"""The closed lists of words that a deal is described with."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """A side of a deal that earns commission."""

    LISTING = "listing"
    BUYING = "buying"


class RepresentedSide(StrEnum):
    """Which side(s) this brokerage represents."""

    LISTING = "listing"
    BUYING = "buying"
    BOTH = "both"


class DealType(StrEnum):
    """What kind of transaction it is."""

    SALE = "sale"
    LEASE = "lease"
    REFERRAL = "referral"
    OTHER = "other"


class PropertyType(StrEnum):
    """What kind of property it is."""

    SINGLE_FAMILY = "single_family"
    CONDO = "condo"
    TOWNHOUSE = "townhouse"
    MULTI_FAMILY = "multi_family"
    MANUFACTURED = "manufactured"
    LAND = "land"
    COMMERCIAL = "commercial"
    OTHER = "other"


class PaidBy(StrEnum):
    """Who pays the buyer's agent's compensation."""

    SELLER = "seller"
    BUYER = "buyer"
    LISTING_BROKER = "listing_broker"
    BUILDER = "builder"
    SPLIT = "split"


class ReferralDirection(StrEnum):
    """Whether the referral fee is owed to us or by us."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Role(StrEnum):
    """What a person or company does in a deal. Our own agents are `AgentShare`s, not roles."""

    BUYER = "buyer"
    SELLER = "seller"
    TENANT = "tenant"
    LANDLORD = "landlord"
    LISTING_AGENT = "listing_agent"
    BUYERS_AGENT = "buyers_agent"
    REFERRING_AGENT = "referring_agent"
    LENDER = "lender"
    TITLE = "title"
    ESCROW = "escrow"
    INSPECTOR = "inspector"
    APPRAISER = "appraiser"
    ATTORNEY = "attorney"
    COORDINATOR = "coordinator"
    OTHER = "other"
