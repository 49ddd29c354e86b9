"""From configuration to the sources of policies, and whether anything in them has changed."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy import config as settings
from proxy.policy.sources import FolderSource, GitSource, Source
from proxy.policy.sources.water import HighWater

MARKS: Final = "policies"
"""Folder below the state folder that keeps how far signed sources have come."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One source and the lanes that take their policies from it."""

    source: Source
    lanes: tuple[settings.Lane, ...]


def origins(config: settings.Config) -> tuple[Origin, ...]:
    """Return each source once, so that lanes which share it never see two states of it."""
    shared: dict[settings.PolicySource, list[settings.Lane]] = {}
    for lane in config.lanes:
        shared.setdefault(_written(lane.policies or config.policies), []).append(lane)
    return tuple(Origin(_source(place, config.state), tuple(lanes)) for place, lanes in shared.items())


def marks(found: tuple[Origin, ...]) -> tuple[Hashable, ...]:
    """Return something that changes when any policies may have changed."""
    return tuple(origin.source.mark() for origin in found)


def _written(place: Path | settings.PolicySource) -> settings.PolicySource:
    return settings.PolicySource(folder=place) if isinstance(place, Path) else place


def _source(place: settings.PolicySource, state: Path) -> Source:
    water = HighWater(state / MARKS / _name(place)) if place.signed_by is not None else None
    if place.git is None:
        assert place.folder is not None
        return FolderSource(place.folder, signers=place.signed_by, water=water)
    return GitSource(
        place.git,
        revision=place.revision or "main",
        path=place.path or "",
        signers=place.signed_by,
        water=water,
    )


def _name(place: settings.PolicySource) -> str:
    """Return a file name that stays the same for one place, whichever revision of it is asked for."""
    where = f"{place.git or place.folder}\n{place.path or ''}"
    return f"{'git' if place.git else 'folder'}-{hashlib.sha256(where.encode()).hexdigest()[:16]}"
