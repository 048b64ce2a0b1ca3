"""The deploy feed: CDEvents (spec 0.4, event `dev.cdevents.service.deployed.0.3.0`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .git_history import Repository


@dataclass(frozen=True, slots=True)
class Deploy:
    """A version of a service that went live at a true time."""

    service: str
    version: str
    commit: str
    at: datetime


def released(repository: Repository) -> list[Deploy]:
    """The deploys that a history tells: each commit with a tag and a time at which it went live."""
    return [
        Deploy(repository.service, commit.tag.removeprefix("v"), sha, commit.deployed)
        for commit, sha in zip(repository.commits, repository.shas, strict=True)
        if commit.deployed is not None
    ]


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cdevent(deploy: Deploy, environment: str) -> dict[str, object]:
    """The event of one deploy."""
    return {
        "context": {
            "specversion": "0.4.1",
            "id": f"{deploy.service}-{deploy.version}-{deploy.commit[:12]}",
            "source": "/cd/pipelines/production",
            "type": "dev.cdevents.service.deployed.0.3.0",
            "timestamp": _stamp(deploy.at),
        },
        "subject": {
            "id": f"{environment}/{deploy.service}",
            "source": "/clusters/eu-central-1",
            "type": "service",
            "content": {
                "environment": {"id": environment, "source": "/clusters/eu-central-1"},
                "artifactId": f"pkg:oci/{deploy.service}@{deploy.version}"
                f"?repository_url=registry.example.com/shop/{deploy.service}",
            },
        },
        "customData": {
            "service": deploy.service,
            "version": deploy.version,
            "commit_sha": deploy.commit,
            "repository": f"https://git.example.com/shop/{deploy.service}.git",
        },
        "customDataContentType": "application/json",
    }


def write(path: Path, deploys: list[Deploy], environment: str) -> None:
    """All events, oldest first, as one JSON array."""
    events = [cdevent(deploy, environment) for deploy in sorted(deploys, key=lambda deploy: deploy.at)]
    path.write_text(json.dumps(events, indent=1) + "\n", encoding="utf-8")
