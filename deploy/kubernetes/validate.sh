#!/usr/bin/env bash
# Holds all manifests against the JSON Schemas of Kubernetes, strictly: a field that is not known is a mistake. Then plants mistakes, each of which
# must be found. No cluster is asked. Where the program is built the rules of the ConfigMap are checked, and what docs/operations.md says is followed
# to the letter: each pod is started with its environment, volumes and user, and must answer its probes.
#
#   deploy/kubernetes/validate.sh [BINARY]
#
# Needs python3; what it installs stays below target/. To follow the recipe, root, unshare, setpriv, ip and openssl.
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
plant many-nodes/pricewright.yaml 's/(path: \/healthz, port: )metrics/\1numbers/'
plant many-nodes/pricewright.yaml 's/mountPath: \/var\/lib\/pricewright/path: \/data/'
plant many-nodes/pricewright.yaml 's/drop: \[ALL\]/drop: [NET_RAW]/'
plant many-nodes/publish.yaml 's/backoffLimit: 6/backoffLimit: six/'
plant many-nodes/publish.yaml '/fsGroup: 65532/d'
plant many-nodes/publish.yaml 's/tls\/ca\.crt\}/tls\/authority.crt}/'
plant many-nodes/pricewright.yaml 's/PRICEWRIGHT_AUDIT, value: .*/PRICEWRIGHT_AUDIT, value: \/etc\/pricewright\/rules}/'
plant one-node/pricewright.yaml '/key: access\.toml/d'
plant one-node/pricewright.yaml '/name: tls, mountPath/d'
plant one-node/pricewright.yaml '/PRICEWRIGHT_ACCESS/d'
plant one-node/pricewright.yaml '/PRICEWRIGHT_TLS_KEY/d'
plant one-node/pricewright.yaml 's/0\.0\.0\.0:9464/0.0.0.0:9465/'
plant one-node/pricewright.yaml 's/terminationGracePeriodSeconds: 60/terminationGracePeriodSeconds: 30/'
plant one-node/pricewright.yaml 's/maxUnavailable: 0/maxUnavailable: [0]/'
plant one-node/pricewright.yaml 's/serviceName: /serviceNames: /'
plant one-node/pricewright.yaml 's/name: data, mountPath/name: date, mountPath/'
plant common/networkpolicy.yaml 's/policyTypes: /policytypes: /'
plant common/service.yaml 's/kind: Service/kind: Servise/'
plant common/secret.yaml 's/^type: Opaque/kind: Secret/'
# What one file promises to another: all of them, with one mistake.
plant_between() {
    rm -rf "$work/planted/all"
    mkdir -p "$work/planted/all"
    cp -r deploy/kubernetes/*/ "$work/planted/all/"
    sed -i -E "$2" "$work/planted/all/$1"
    if cmp -s "deploy/kubernetes/$1" "$work/planted/all/$1"; then
        echo "deploy/kubernetes: there is nothing for the mistake $2 in $1" >&2
        exit 1
    fi
    if validate "$work"/planted/all/*/*.yaml > /dev/null 2> "$work/planted/told"; then
        echo "deploy/kubernetes: the mistake $2 in $1 was not found" >&2
        exit 1
    fi
    planted=$((planted + 1))
}
plant_between common/secret.yaml 's/^  token:/  tocken:/'
plant_between common/networkpolicy.yaml 's/port: metrics/port: numbers/'
plant_between common/service.yaml 's/targetPort: grpc/targetPort: rpc/'
echo "deploy/kubernetes: all manifests hold; $planted planted mistakes were found"

if [[ ! -x $binary ]]; then
    echo "deploy/kubernetes: left out: the rules of the ConfigMap and the recipe, for $binary is not built"
    exit 0
fi
"$binary" rules check "$work/rules"
source deploy/recipe.sh
if ! can_follow; then
    echo "deploy/kubernetes: left out: following the recipe needs root, unshare, setpriv, ip and openssl"
    exit 0
fi

# Follows what is in the folder FROM, which is this one or a copy of it with a mistake.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"
binary=$(realpath "$binary")
python=$PWD/$work/venv/bin/python
follow() {
    rm -rf "$root/followed"
    mkdir "$root/followed"
    (cd "$1" && unshare --net --mount deploy/kubernetes/follow.sh "$python" "$binary" "$root/followed") > "$root/told" 2>&1
}
follow . || { cat "$root/told" >&2; exit 1; }
grep "^deploy/kubernetes" "$root/told"

# A file, what it is a mistake to write there, and how it shows to whoever follows.
planted=0
plant_start() {
    rm -rf "$root/mistaken"
    mkdir -p "$root/mistaken/docs"
    cp -r deploy "$root/mistaken/"
    cp docs/operations.md "$root/mistaken/docs/"
    sed -i -E "$2" "$root/mistaken/$1"
    ! cmp -s "$1" "$root/mistaken/$1" || wrong "there is nothing for the mistake $2 in $1"
    ! follow "$root/mistaken" || wrong "the mistake $2 in $1 was not found"
    grep -qE "$3" "$root/told" || { cat "$root/told" >&2; wrong "the mistake $2 in $1 shows otherwise than by: $3"; }
    planted=$((planted + 1))
}
plant_start docs/operations.md 's/ --from-file=access\.toml//' "No such file.*access\.toml"
plant_start docs/operations.md '/create secret generic pricewright-tls/d' "No such file.*tls\.crt"
plant_start docs/operations.md 's/ --role marketer / --role till /' "PermissionDenied|NOT_ALLOWED|may not"
plant_start deploy/kubernetes/one-node/pricewright.yaml '/PRICEWRIGHT_TLS_/d' "^wrong +settings .*are needed in production beyond this machine"
plant_start deploy/kubernetes/one-node/pricewright.yaml 's/^( +)fsGroup: .*/\1supplementalGroups: []/' "^wrong +keys .*ermission denied"
plant_start deploy/kubernetes/many-nodes/publish.yaml 's/pricewright-rules:50051/pricewright-nodes:50051/' "cannot connect"
echo "deploy/kubernetes: the recipe is followed to services that answer; $planted planted mistakes were found"
