#!/usr/bin/env bash
# Holds all manifests against the JSON Schemas of Kubernetes, strictly: a field that is not known is a mistake. Then plants mistakes, each of which
# must be found. No cluster is asked. The rules of the ConfigMap are checked where the program is built.
#
#   deploy/kubernetes/validate.sh [BINARY]
#
# Needs python3; what it installs stays below target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binary=${1-target/release/pricewright}
work=target/kubernetes
wanted=deploy/kubernetes/requirements.txt
mkdir -p "$work"
if [[ ! -x $work/venv/bin/python ]] || ! cmp -s "$wanted" "$work/installed.txt"; then
    rm -rf "$work/venv"
    # Debian's python3 has no ensurepip unless python3-venv is installed; virtualenv brings its own pip.
    python3 -m venv "$work/venv" 2>/dev/null \
        || { rm -rf "$work/venv"; python3 -m virtualenv --quiet "$work/venv" 2>/dev/null; } \
        || { echo "deploy/kubernetes: left out: python3 can make no virtual environment (apt-get install python3-venv)"; exit 0; }
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$work/installed.txt"
fi
validate() {
    "$work/venv/bin/python" deploy/kubernetes/validate.py "$@"
}

rm -rf "$work/rules" "$work/planted"
mkdir -p "$work/rules" "$work/planted"
validate --rules "$work/rules" deploy/kubernetes/*/*.yaml

# What it is a mistake to write, in the words of sed, and where.
planted=0
plant() {
    local file=$1 mistake=$2 copy=$work/planted/mistake.yaml
    sed -E "$mistake" "deploy/kubernetes/$file" > "$copy"
    if cmp -s "deploy/kubernetes/$file" "$copy"; then
        echo "deploy/kubernetes: there is nothing for the mistake $mistake in $file" >&2
        exit 1
    fi
    if validate "$copy" > /dev/null 2> "$work/planted/told"; then
        echo "deploy/kubernetes: the mistake $mistake in $file was not found" >&2
        exit 1
    fi
    planted=$((planted + 1))
}
plant many-nodes/pricewright.yaml 's/readOnlyRootFilesystem/readOnlyRootFileSystem/'
plant many-nodes/pricewright.yaml 's/replicas: 3/replicas: three/'
plant many-nodes/pricewright.yaml 's/^(  +)minReadySeconds: 10/\1minReadySecond: 10/'
plant many-nodes/pricewright.yaml 's/grpc: \{port: 50051\}/grpc: {port: 50052}/'
plant many-nodes/pricewright.yaml 's/mountPath: \/var\/lib\/pricewright/path: \/data/'
plant many-nodes/pricewright.yaml 's/drop: \[ALL\]/drop: [NET_RAW]/'
plant many-nodes/publish.yaml 's/backoffLimit: 2/backoffLimit: two/'
plant one-node/pricewright.yaml 's/terminationGracePeriodSeconds: 60/terminationGracePeriodSeconds: 30/'
plant one-node/pricewright.yaml 's/maxUnavailable: 0/maxUnavailable: [0]/'
plant one-node/pricewright.yaml 's/serviceName: /serviceNames: /'
plant one-node/pricewright.yaml 's/name: data, mountPath/name: date, mountPath/'
plant common/networkpolicy.yaml 's/policyTypes: /policytypes: /'
plant common/service.yaml 's/kind: Service/kind: Servise/'
plant common/secret.yaml 's/^type: Opaque/kind: Secret/'
echo "deploy/kubernetes: all manifests hold; $planted planted mistakes were found"

if [[ -x $binary ]]; then
    "$binary" rules check "$work/rules"
else
    echo "deploy/kubernetes: left out: the rules of the ConfigMap, for $binary is not built"
fi
