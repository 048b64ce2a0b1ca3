"""Entries of every feed of changes as its product writes them, numbered, so that tests can make documents of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 10, 13, 9, 0, 0, tzinfo=UTC)
Entry = dict[str, Any]


def at(number: int) -> str:
    return (START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sha(number: int) -> str:
    return f"{number + 1:x}".rjust(40, "a")


def github_commit(number: int) -> Entry:
    person = {"name": "ada", "email": "ada@example.com", "date": at(number)}
    return {
        "sha": sha(number),
        "node_id": "C_kw",
        "commit": {"author": person, "committer": person, "message": f"Change {number}", "comment_count": 0},
        "url": f"https://api.github.com/repos/shop/cart/commits/{sha(number)}",
        "author": None,
        "parents": [{"sha": sha(number + 1), "url": "x"}],
        "files": [{"sha": sha(7), "filename": "a.py", "status": "modified", "patch": "@@ -1 +1 @@\n-é\n+1"}],
    }


def github_deployment(number: int) -> Entry:
    url = f"https://api.github.com/repos/shop/cart/deployments/{number + 1}"
    return {
        "url": url,
        "id": number + 1,
        "sha": sha(number),
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "environment": "production",
        "description": None,
        "creator": {"login": "ada", "id": 1},
        "created_at": at(number),
        "updated_at": at(number),
        "statuses_url": f"{url}/statuses",
        "repository_url": "https://api.github.com/repos/shop/cart",
    }


def gitlab_commit(number: int) -> Entry:
    return {
        "id": sha(number),
        "short_id": sha(number)[:11],
        "created_at": at(number),
        "parent_ids": [sha(number + 1)],
        "title": f"Change {number}",
        "message": f"Change {number}\n",
        "author_name": "é",
        "authored_date": at(number),
        "committed_date": at(number),
        "web_url": f"https://gitlab.example.com/shop/cart/-/commit/{sha(number)}",
        "diffs": [{"old_path": "a.py", "new_path": "a.py", "diff": "@@ -1 +1 @@\n-1\n+2\n"}],
    }


def gitlab_deployment(number: int) -> Entry:
    return {
        "id": number + 1,
        "iid": number + 1,
        "ref": "main",
        "sha": sha(number),
        "status": "success",
        "created_at": at(number),
        "environment": {"id": 1, "name": "production"},
        "deployable": {"id": 5, "commit": gitlab_commit(number), "finished_at": at(number)},
    }


def argocd_application(number: int) -> Entry:
    source = {"repoURL": "https://git.example.com/shop/deploy", "path": "cart", "targetRevision": "HEAD"}
    sync = {"id": number, "revision": sha(number), "deployedAt": at(number), "source": source}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"cart-{number}", "namespace": "argocd"},
        "spec": {"destination": {"namespace": "shop"}, "source": source},
        "status": {"history": [sync], "summary": {"images": ["r.example.com/shop/cart:1.7"]}},
    }


def replica_set(number: int) -> Entry:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"cart-{number}",
            "namespace": "shop",
            "annotations": {"deployment.kubernetes.io/revision": str(number + 1)},
            "creationTimestamp": at(number),
            "ownerReferences": [{"kind": "Deployment", "name": "cart"}],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "cart", "image": f"shop/cart:1.{number}"}]}}},
    }


def cdevent(number: int) -> Entry:
    context = {"version": "0.4.1", "id": f"e{number}", "type": "dev.cdevents.service.deployed.0.2.0"}
    content = {"environment": {"id": "production"}, "artifactId": f"pkg:oci/cart@{sha(number)}"}
    return {
        "context": {**context, "source": "/cd", "timestamp": at(number)},
        "subject": {"id": "production/cart", "type": "service", "content": content},
    }


def annotation(number: int) -> Entry:
    time = int((START + timedelta(minutes=number)).timestamp() * 1000)
    return {"id": number + 1, "time": time, "text": "cart 1.7", "tags": ["deploy", "service:cart"]}


def launchdarkly_entry(number: int) -> Entry:
    return {
        "_id": f"{number:024x}",
        "date": int((START + timedelta(minutes=number)).timestamp() * 1000),
        "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/new-cart"}],
        "kind": "flag",
        "name": "New cart",
        "description": "",
        "titleVerb": "turned on the flag",
        "target": {"name": "New cart", "resources": ["proj/shop:env/production:flag/new-cart"]},
    }


def unleash_event(number: int) -> Entry:
    return {
        "id": number + 1,
        "type": "feature-environment-enabled",
        "createdBy": "ada",
        "createdAt": at(number),
        "project": "default",
        "featureName": "new-cart",
        "environment": "production",
        "data": None,
    }


def plain_deploy(number: int) -> Entry:
    return {
        "deployed_at": at(number),
        "service": "cart",
        "version": f"1.{number}",
        "commit": sha(number),
        "repository": "shop/cart",
        "environment": "production",
    }


FEEDS: dict[str, Callable[[int], Entry]] = {
    "argocd": argocd_application,
    "cdevents": cdevent,
    "changes-json": plain_deploy,
    "github-commits": github_commit,
    "github-deployments": github_deployment,
    "gitlab-commits": gitlab_commit,
    "gitlab-deployments": gitlab_deployment,
    "grafana-annotations": annotation,
    "kubernetes-rollouts": replica_set,
    "launchdarkly": launchdarkly_entry,
    "unleash": unleash_event,
}
