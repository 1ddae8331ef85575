"""Holds every manifest against the JSON Schemas of Kubernetes, strictly, and against what they promise to each other.

    validate.py FILE…        prints a line a finding, exits with 1 when there is one
    validate.py --rules DIR FILE…   also writes the files of every ConfigMap of rules into DIR
"""

import argparse
import pathlib
import sys

import kubernetes_validate
import yaml

# The oldest that has every field used here, and the newest that the schemas know.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]
# Seconds: of the close of passwords and ledger, and of the last threads.
CLOSE_SECONDS = 11


class Once(yaml.SafeLoader):
    """YAML lets a key come twice, and the second one wins: here it is a mistake."""


def once(loader, node, deep=False):
    keys = [loader.construct_object(key, deep=deep) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} comes twice", node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


Once.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, once)


def pods(document):
    template = document.get("spec", {}).get("template")
    return [template] if document.get("kind") in ("Deployment", "StatefulSet", "Job") and template else []


def promises(document):
    """What no schema says: the pods are restricted, the probes ask a port that is there, the drain has its time."""
    for template in pods(document):
        spec = template["spec"]
        security = spec.get("securityContext", {})
        if not security.get("runAsNonRoot") or security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield "the pod may run as root, or without a seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield "the pod gets a token of the cluster"
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
        for container in spec["containers"]:
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("readOnlyRootFilesystem") is not True:
                yield "the container may get more rights, or write to its root"
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                yield "the container keeps capabilities"
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"there is no volume `{mount['name']}`"
            ports = {port["containerPort"] for port in container.get("ports", [])}
            probes = [name for name in container if name.endswith("Probe")]
            if document["kind"] != "Job" and len(probes) != 3:
                yield "a probe is missing: startup, readiness and liveness"
            for name in probes:
                if container[name].get("grpc", {}).get("port") not in ports:
                    yield f"`{name}` asks a port that the container does not have"
            said = {variable["name"]: variable.get("value") for variable in container.get("env", [])}
            if document["kind"] != "Job":
                waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                needed = waits + int(said.get("PRICEWRIGHT_DRAIN_SECONDS", 20)) + CLOSE_SECONDS
                if spec.get("terminationGracePeriodSeconds", 30) <= needed:
                    yield f"`terminationGracePeriodSeconds` must be above {needed}: the drain would be cut off"


def found(path, rules):
    with open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.load_all(file, Once) if document is not None]
    if not documents:
        yield "there is nothing in it"
    for document in documents:
        name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                place = "/".join(str(part) for part in error.path)
                yield f"{name}, Kubernetes {version}: {place}: {error.message[:300]}"
            except kubernetes_validate.SchemaNotFoundError as error:
                yield f"{name}, Kubernetes {version}: {error.message}"
        for promise in promises(document):
            yield f"{name}: {promise}"
        if rules and document.get("kind") == "ConfigMap":
            for file_name, text in document["data"].items():
                (rules / file_name).write_text(text, encoding="utf-8")
    print(f"{path}: {len(documents)} looked at")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=pathlib.Path)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    wrong = 0
    for path in args.files:
        try:
            for finding in found(path, args.rules):
                print(f"{path}: {finding}", file=sys.stderr)
                wrong += 1
        except yaml.YAMLError as error:
            print(f"{path}: {error}", file=sys.stderr)
            wrong += 1
    sys.exit(1 if wrong else 0)


main()
