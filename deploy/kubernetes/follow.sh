#!/usr/bin/env bash
# Follows "On Kubernetes" of docs/operations.md to the letter, below a folder: what `kubectl apply` would start is started with the environment,
# the volumes and the user of the manifest, its probes are asked, and the Job publishes. validate.sh calls it; it wants to be alone in a network
# (`unshare --net --mount`).
#
#   follow.sh PYTHON BINARY FOLDER
set -euo pipefail
source deploy/recipe.sh

# A link to another place is what a virtual environment is: it must not be followed.
python=$PWD/$1
[[ $1 != /* ]] || python=$1
root=$(realpath "$3")
# Where another user can reach it.
install -D -m 0755 "$2" "$root/bin/pricewright"
binary=$root/bin/pricewright
repository=$PWD
mkdir -p "$root/here" "$root/secrets" "$root/rules"
chmod 0755 "$root"
chmod 0700 "$root/secrets" "$root/here"
ln -s "$PWD/deploy" "$root/here/deploy"
commands=$(recipe "On Kubernetes")
[[ -n $commands ]] || wrong "the recipe has no commands"
cd "$root/here"
brought prices.shop.example pricewright pricewright-rules
cp prices.pem tls.crt
cp prices.key tls.key
cp shop-ca.pem ca.crt
alone prices.shop.example pricewright pricewright-rules

running=
database=
gone() {
    [[ -z $running ]] || kill "$running" 2>/dev/null || true
    [[ -z $database ]] || { kill -INT "$database" 2>/dev/null; wait "$database" || true; } 2>/dev/null
}
trap gone EXIT
kubectl() {
    local file
    case "$*" in
    "-n pricewright create secret generic "*) secret "${@:6}" ;;
    "apply -f "*/)
        # Services come first, then Jobs: what a Job asks for may take a moment, and Kubernetes tries it again.
        for file in $(ls "$3"*.yaml | sort); do
            grep -q '^kind: StatefulSet' "$file" && serve "$file"
        done
        for file in $(ls "$3"*.yaml | sort); do
            grep -q '^kind: Job' "$file" && run_job "$file"
        done
        return 0
        ;;
    "apply -f "*/rules.yaml) "$python" "$repository/deploy/kubernetes/validate.py" --rules "$root/rules" "$3" > /dev/null ;;
    "apply -f "*.yaml) [[ -f $3 ]] || wrong "there is no $3" ;;
    *) wrong "kubectl $*: what would it do?" ;;
    esac
}
secret() {
    local name=$1 word
    mkdir "$root/secrets/$name"
    for word in "${@:2}"; do
        case "$word" in
        --from-file=*) cp "${word#*=}" "$root/secrets/$name/" ;;
        --type=*) ;;
        *) wrong "kubectl create secret … $word: what would it do?" ;;
        esac
    done
}
# What the container of a manifest has and says, below $pod.
pod() {
    pod=$root/pod-$(basename "$1" .yaml)-$RANDOM
    # Not with what the recipe asks for: the kubelet has its own.
    (
        umask 022
        mkdir "$pod"
        "$python" "$repository/deploy/kubernetes/validate.py" --pod "$pod" --secrets "$root/secrets" --rules "$root/rules" "$1"
    )
    mapfile -t variables < "$pod/env"
    mapfile -t words < "$pod/args"
    read -r user own group < "$pod/user"
    as_pod=(setpriv "--reuid=$user" "--regid=$own" "--groups=$group" --no-new-privs --bounding-set=-all --inh-caps=-all)
}
answers() {
    local line
    exec 3<> /dev/tcp/127.0.0.1/9464
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    read -r line <&3
    exec 3>&-
    [[ $line == *" $2 "* ]] || wrong "$1 answers $line, not $2"
}
serve() {
    local file=$1 place with=""
    [[ -z $running ]] || stopped "$running"
    running=
    pod "$file"
    for place in "${!variables[@]}"; do
        if [[ ${variables[place]} == PRICEWRIGHT_STORE=postgres://* ]]; then
            # The database of the recipe is somebody's own: a new one in its place.
            if postgres; then
                variables[place]="PRICEWRIGHT_STORE=postgres:///postgres?host=$root/postgres&user=postgres"
                with=", with PostgreSQL"
            else
                variables[place]=PRICEWRIGHT_STORE=sled
                with=", on disk for want of PostgreSQL"
            fi
        fi
    done
    "${as_pod[@]}" env -i "${variables[@]}" "$binary" "${words[@]}" --check || wrong "serve --check"
    "${as_pod[@]}" env -i "${variables[@]}" "$binary" "${words[@]}" 2> "$root/log" &
    running=$!
    awaited "$running" "$root/log" "rules are live|the rules folder is held"
    # What the kubelet asks to know whether it lives, and then whether it is ready.
    grep -A 1 -E "(startup|liveness)Probe:" "$file" | sed -nE 's/.*httpGet: \{path: ([^,]+),.*/\1/p' > "$root/asked"
    [[ $(wc -l < "$root/asked") == 2 ]] || wrong "a probe is missing"
    while read -r place; do
        answers "$place" 200
    done < "$root/asked"
    if grep -q '"the rules folder is held"' "$root/log"; then
        answers /readyz 503
    else
        answers /readyz 200
        "$binary" rules history --server https://pricewright:50051 --authority ca.crt --token-file token
    fi
    echo "deploy/kubernetes: $(basename "$(dirname "$file")") listens and answers its probes, as $(stat -c %u "/proc/$running")$with"
}
# A server of this folder, where Debian's package is installed.
postgres() {
    local programs as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [[ -x $programs/initdb && -x $programs/postgres ]] && id postgres > /dev/null 2>&1 || return 1
    install -d -m 0755 -o postgres "$root/postgres"
    "${as_postgres[@]}" "$programs/initdb" --auth=trust --username=postgres --no-sync --pgdata="$root/postgres/data" > "$root/postgres.log"
    "${as_postgres[@]}" "$programs/postgres" -D "$root/postgres/data" -k "$root/postgres" -c listen_addresses= >> "$root/postgres.log" 2>&1 &
    database=$!
    for attempt in $(seq 1 100); do
        ! "${as_postgres[@]}" "$programs/pg_isready" --quiet --host="$root/postgres" || return 0
        sleep 0.1
    done
    wrong "PostgreSQL does not start"
}
run_job() {
    pod "$1"
    "${as_pod[@]}" env -i "${variables[@]}" "$binary" "${words[@]}"
    answers /readyz 200
    echo "deploy/kubernetes: the Job of $(basename "$1") has published, and the node is ready"
}
pricewright() {
    "$binary" "$@"
}

eval "$commands"
[[ -n $running ]] || wrong "the recipe starts nothing"
stopped "$running"
running=
