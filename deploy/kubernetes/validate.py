"""Holds every manifest against the JSON Schemas of Kubernetes, strictly, and against what they promise to each other.

    validate.py FILE…        prints a line a finding, exits with 1 when there is one
    validate.py --rules DIR FILE…   also writes the files of every ConfigMap of rules into DIR
    validate.py --pod DIR --secrets DIR --rules DIR FILE   lays out below DIR what the container of FILE's pod has: its volumes with their
                                    owners and modes, `env` and `args`; the keys of each Secret are files below --secrets
"""

import argparse
import os
import pathlib
import posixpath
import shutil
import sys

import kubernetes_validate
import yaml

# The oldest that has every field used here, and the newest that the schemas know.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]
# Seconds: of the close of passwords, ledger and audit log, and of the last threads.
CLOSE_SECONDS = 16


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
            ports = {port[key] for port in container.get("ports", []) for key in ("containerPort", "name") if key in port}
            probes = [name for name in container if name.endswith("Probe")]
            if document["kind"] != "Job" and len(probes) != 3:
                yield "a probe is missing: startup, readiness and liveness"
            for name in probes:
                probe = container[name]
                if (probe.get("grpc") or probe.get("httpGet") or {}).get("port") not in ports:
                    yield f"`{name}` asks a port that the container does not have"
            said = {variable["name"]: variable.get("value") for variable in container.get("env", [])}
            yield from files(document, spec, container, said)
            if document["kind"] != "Job":
                yield from way_in(said, ports)
                waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                needed = waits + int(said.get("PRICEWRIGHT_DRAIN_SECONDS", 20)) + CLOSE_SECONDS
                if spec.get("terminationGracePeriodSeconds", 30) <= needed:
                    yield f"`terminationGracePeriodSeconds` must be above {needed}: the drain would be cut off"


def files(document, spec, container, said):
    """What the environment names is mounted, and may be read or outlives the pod, as it must."""
    kept = {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
    kept |= {volume["name"] for volume in spec.get("volumes", []) if "persistentVolumeClaim" in volume}
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    mounts = {mount.get("mountPath", ""): mount["name"] for mount in container.get("volumeMounts", [])}

    def below(path):
        return max((place for place in mounts if place and f"{path}/".startswith(f"{place}/")), key=len, default=None)

    for name, path in said.items():
        if not name.startswith("PRICEWRIGHT_") or not str(path).startswith("/"):
            continue
        place = below(path)
        if place is None:
            yield f"{name} names {path}, which is on no volume"
            continue
        secret = volumes.get(mounts[place], {}).get("secret")
        if secret is None:
            continue
        items = {item["path"]: item.get("mode", secret.get("defaultMode", 0o644)) for item in secret.get("items", [])}
        if (mode := items.get(posixpath.relpath(path, place))) is None:
            yield f"{name} names {path}, which is not among the `items` of the Secret"
        elif not mode & 0o004 and "fsGroup" not in spec.get("securityContext", {}):
            yield f"{name} names {path}, which is root's alone: the pod has no `fsGroup`"
    if document["kind"] != "Job" and said.get("PRICEWRIGHT_ACCESS"):
        audit = said.get("PRICEWRIGHT_AUDIT") or f"{said.get('PRICEWRIGHT_DATA')}/audit"
        if mounts.get(below(audit)) not in kept:
            yield f"the audit log in {audit} is gone with the pod"


def way_in(said, ports):
    """In production it is known who calls, and nobody listens on the way; the port of numbers is one of the pod."""
    if said.get("PRICEWRIGHT_PRODUCTION") != "true" or not said.get("PRICEWRIGHT_ACCESS"):
        yield "whoever reaches the port may call everything"
    if not (said.get("PRICEWRIGHT_TLS_CERTIFICATE") and said.get("PRICEWRIGHT_TLS_KEY")):
        yield "tokens cross the network in clear"
    for name in ("PRICEWRIGHT_LISTEN", "PRICEWRIGHT_METRICS_LISTEN"):
        if int(said.get(name, ":0").rsplit(":", 1)[1]) not in ports:
            yield f"{name} is at a port that the pod does not name"


def between(documents):
    """What files promise to each other: keys of Secrets, ports by their names."""
    secrets = {document["metadata"]["name"]: document.get("stringData", {}) for document in documents if document["kind"] == "Secret"}
    ports = set()
    for document in documents:
        for template in pods(document):
            spec, name = template["spec"], f"{document['kind']} {document['metadata']['name']}"
            taken = [(volume["secret"]["secretName"], item["key"]) for volume in spec.get("volumes", []) if "secret" in volume for item in volume["secret"]["items"]]
            for container in spec["containers"]:
                ports |= {port.get("name") for port in container.get("ports", [])}
                said = [variable.get("valueFrom", {}).get("secretKeyRef") for variable in container.get("env", [])]
                taken += [(known["name"], known["key"]) for known in said if known]
            for secret, key in taken:
                if key not in secrets.get(secret, {}):
                    yield f"{name}: the Secret `{secret}` has no key `{key}`"
    for document in documents:
        named = [port.get("targetPort") for port in document["spec"]["ports"]] if document["kind"] == "Service" else []
        if document["kind"] == "NetworkPolicy":
            named = [port["port"] for rule in document["spec"]["ingress"] for port in rule["ports"]]
        for port in named:
            if port not in ports:
                yield f"{document['kind']} {document['metadata']['name']}: no pod has a port `{port}`"


def lay_out(path, root, secrets, rules):
    """The container of the file's pod, below a folder: what the kubelet would mount, as it would. Fails where it would wait for ever."""
    with open(path, encoding="utf-8") as file:
        document = next(document for document in yaml.load_all(file, Once) if pods(document))
    spec = pods(document)[0]["spec"]
    container, group = spec["containers"][0], spec["securityContext"].get("fsGroup", 0)
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    places = sorted((mount["mountPath"], mount["name"]) for mount in container["volumeMounts"])
    for place, name in places:
        target = root / place.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        volume = volumes.get(name, {})
        if "secret" in volume:
            for item in volume["secret"]["items"]:
                made = target / item["path"]
                shutil.copyfile(secrets / volume["secret"]["secretName"] / item["key"], made)
                os.chown(made, 0, group)
                made.chmod(item.get("mode", volume["secret"].get("defaultMode", 0o644)))
        elif "configMap" in volume:
            for file in rules.iterdir():
                shutil.copyfile(file, target / file.name)
                (target / file.name).chmod(0o644)
        else:
            os.chown(target, 0, group)
            target.chmod(0o2775)

    def mapped(text):
        return f"{root}{text}" if any(f"{text}/".startswith(f"{place}/") for place, _ in places) else text

    lines = []
    for variable in container.get("env", []):
        value = variable.get("value")
        if value is None:
            known = variable["valueFrom"]["secretKeyRef"]
            value = (secrets / known["name"] / known["key"]).read_text(encoding="utf-8")
        lines.append(f"{variable['name']}={mapped(value)}")
    (root / "env").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (root / "args").write_text("".join(f"{mapped(word)}\n" for word in container["args"]), encoding="utf-8")
    user = spec["securityContext"]
    (root / "user").write_text(f"{user['runAsUser']} {user['runAsGroup']} {group or user['runAsGroup']}\n", encoding="utf-8")


def found(path, rules, all_documents):
    with open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.load_all(file, Once) if document is not None]
    if not documents:
        yield "there is nothing in it"
    all_documents += documents
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
    parser.add_argument("--pod", type=pathlib.Path)
    parser.add_argument("--secrets", type=pathlib.Path)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    if args.pod:
        lay_out(args.files[0], args.pod, args.secrets, args.rules)
        return
    wrong = 0
    documents = []
    for path in args.files:
        try:
            for finding in found(path, args.rules, documents):
                print(f"{path}: {finding}", file=sys.stderr)
                wrong += 1
        except yaml.YAMLError as error:
            print(f"{path}: {error}", file=sys.stderr)
            wrong += 1
    if len(args.files) > 1 and not wrong:
        for finding in between(documents):
            print(finding, file=sys.stderr)
            wrong += 1
    sys.exit(1 if wrong else 0)


main()
