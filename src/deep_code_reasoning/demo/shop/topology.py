"""Which services exist, what they are written in, and on which hosts their pods run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from deep_code_reasoning.demo.otlp import Value, attribute_list

ENVIRONMENT = "production"
HOSTS = tuple(f"worker-{number:02d}" for number in range(1, 9))
LOCK_HOST = "worker-08"


@dataclass(frozen=True, slots=True)
class Service:
    """A service: language of its SDK, version before the run, hosts of its pods (one pod each)."""

    name: str
    language: str
    version: str
    hosts: tuple[str, ...]


SERVICES = (
    Service("gateway", "nodejs", "4.18.2", ("worker-01", "worker-02")),
    Service("catalog", "python", "2.31.0", ("worker-03", "worker-07")),
    Service("pricing", "go", "1.44.0", ("worker-03", "worker-04")),
    Service("cart", "nodejs", "3.7.1", ("worker-02",)),
    Service("order", "java", "5.12.3", ("worker-01", "worker-04")),
    Service("payment", "java", "3.9.0", ("worker-05", "worker-06", "worker-07")),
    Service("lock", "go", "0.22.4", (LOCK_HOST,)),
    Service("inventory", "java", "2.15.0", ("worker-03", "worker-06")),
    Service("notification", "python", "1.20.5", ("worker-05",)),
    Service("shipping", "go", "1.8.0", ("worker-04",)),
)
SDK_VERSIONS = {"nodejs": "2.1.0", "python": "1.37.0", "go": "1.38.0", "java": "1.54.0"}


def host_ids(seed: int) -> dict[str, str]:
    """A machine id for each host."""
    rng = Random(f"{seed}/hosts")
    return {host: f"{rng.getrandbits(128):032x}" for host in HOSTS}


class Provenance(Enum):
    """What a service's resource tells of the code it runs, beside its version."""

    REVISION = "the commit and its repository"
    IMAGE = "the image and its tag"
    VERSION = "nothing"


@dataclass(frozen=True, slots=True)
class Identity:
    """A pod of a version of a service; `resource` is its encoded OTLP resource, `of_version` the part of it
    that all pods of the version share."""

    service: str
    version: str
    commit: str
    host: str
    name: str
    resource: str
    of_version: str


def identity(
    service: Service,
    version: str,
    commit: str,
    host: str,
    host_id: str,
    rng: Random,
    provenance: Provenance = Provenance.REVISION,
) -> Identity:
    """A fresh pod: its name and instance id come from `rng`, its replica set from the version."""
    letters = "bcdfghjklmnpqrstvwxz2456789"
    replica_set = Random(f"{service.name}/{version}").choices(letters, k=10)
    name = f"{service.name}-{''.join(replica_set)}-{''.join(rng.choices(letters, k=5))}"
    bits = f"{rng.getrandbits(128):032x}"
    instance = f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"
    code = _provenance(service, version, commit, provenance)
    resource: dict[str, Value] = {
        "service.name": service.name,
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": instance,
        "deployment.environment.name": ENVIRONMENT,
        "host.name": host,
        "host.id": host_id,
        "k8s.namespace.name": "shop",
        "k8s.pod.name": name,
        "telemetry.sdk.language": service.language,
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": SDK_VERSIONS[service.language],
        **code,
    }
    shared = ("service.name", "service.namespace", "service.version", "deployment.environment.name")
    of_version = {key: resource[key] for key in shared} | code
    return Identity(service.name, version, commit, host, name, attribute_list(resource), attribute_list(of_version))


def _provenance(service: Service, version: str, commit: str, provenance: Provenance) -> dict[str, Value]:
    if provenance is Provenance.REVISION:
        return {
            "vcs.ref.head.revision": commit,
            "vcs.repository.url.full": f"https://git.example.com/shop/{service.name}.git",
        }
    if provenance is Provenance.IMAGE:
        return {
            "container.image.name": f"registry.example.com/shop/{service.name}",
            "container.image.tags": (version,),
        }
    return {}
