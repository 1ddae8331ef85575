#!/usr/bin/env bash
# The example clients of clients/ against a real server as in production, with TLS and tokens, each losing answers and asking again
# (lost_answers.py says how).
#
#   tests/clients/run.sh
#
# Needs python3 and openssl; what else it needs it installs where it may (apt-get on Debian, as root or by sudo without a password), and says in a line
# what is left out. What it builds stays below target/clients. PRICEWRIGHT names a built binary; without it one is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

built=target/clients
work=$built/run
mkdir -p "$built"
export PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1

left_out() {
    echo "tests/clients: left out: $*"
}

# Debian's packages, where that is possible.
install() {
    local root=()
    command -v apt-get >/dev/null || return 1
    if [[ $(id -u) != 0 ]]; then
        sudo -n true 2>/dev/null || return 1
        root=(sudo -n)
    fi
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
    echo "tests/clients: installing $*"
    # The lists of packages are fetched only where they are missing or old: that takes as long as the test.
    "${apt[@]}" install --no-install-recommends "$@" >"$built/apt.log" 2>&1 && return 0
    "${apt[@]}" update >>"$built/apt.log" 2>&1 || true
    "${apt[@]}" install --no-install-recommends "$@" >>"$built/apt.log" 2>&1
}

# What was built stands until one of the files that it was built of is another: `fresh NAME FILE…`, `made NAME FILE…`.
sum_of() {
    cat "$@" | sha256sum
}
fresh() {
    local mark=$built/$1.mark
    [[ -f $mark && $(<"$mark") == "$(sum_of "${@:2}")" ]]
}
made() {
    sum_of "${@:2}" > "$built/$1.mark"
}

# --- Python: the till, and the test itself.
requirements=(tests/clients/requirements.txt clients/python/requirements.txt)
if ! fresh python "${requirements[@]}" || [[ ! -x $built/venv/bin/python ]]; then
    rm -rf "$built/venv"
    # Debian's python3 has no ensurepip unless python3-venv is installed.
    python3 -m venv "$built/venv" 2>/dev/null \
        || { rm -rf "$built/venv"; python3 -m virtualenv --quiet "$built/venv" 2>/dev/null; } \
        || { rm -rf "$built/venv"; install python3-venv && python3 -m venv "$built/venv"; } \
        || { left_out "all of it: python3 can make no virtual environment (apt-get install python3-venv)"; exit 0; }
    "$built/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
    made python "${requirements[@]}"
fi
export PRICEWRIGHT_GENERATED=$PWD/$built/python
rm -rf "$PRICEWRIGHT_GENERATED" && mkdir -p "$PRICEWRIGHT_GENERATED"
"$built/venv/bin/python" -m grpc_tools.protoc -I proto --python_out="$PRICEWRIGHT_GENERATED" \
    --grpc_python_out="$PRICEWRIGHT_GENERATED" proto/pricewright/v1/*.proto
parts=()

# --- Java, with Debian's libraries alone: clients/java/build.sh has their names.
java_ready() {
    command -v javac >/dev/null && clients/java/build.sh --check 2>/dev/null
}
java_packages=(
    libgrpc-java libprotobuf-java libprotobuf-dev protobuf-compiler protobuf-compiler-grpc-java-plugin libnetty-java libnetty-tcnative-java
    libnetty-tcnative-jni libperfmark-java
    libgoogle-common-protos-java libgoogle-gson-java libguava-java libgeronimo-annotation-1.3-spec-java
)
command -v javac >/dev/null || java_packages+=(default-jdk-headless)
if java_ready || { install "${java_packages[@]}" && java_ready; }; then
    sources=(clients/java/build.sh clients/java/till/*.java proto/pricewright/v1/*.proto clients/proto/google/rpc/*.proto)
    if ! fresh java "${sources[@]}" || [[ ! -d $built/java/classes ]]; then
        clients/java/build.sh "$built/java"
        made java "${sources[@]}"
    fi
    parts+=(--java "$(clients/java/build.sh --class-path "$built/java")")
else
    left_out "the till in Java: needs a JDK and ${java_packages[*]} of Debian 12 or later"
fi

# --- Node, and the browser that needs it.
locked() {
    local name=$1 folder=$2
    if ! fresh "$name" "$folder/package-lock.json" || [[ ! -d $folder/node_modules ]]; then
        (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent)
        made "$name" "$folder/package-lock.json"
    fi
}
node_ready() {
    command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' 2>/dev/null
}
find_chromium() {
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
}
if node_ready || { install nodejs npm && node_ready; }; then
    locked node clients/node
    parts+=(--node)
    if find_chromium || { install chromium fonts-dejavu-core && find_chromium; }; then
        locked web clients/web
        locked driver tests/clients
        parts+=(--web "$chromium")
    else
        left_out "the checkout in a browser: there is no Chromium (apt-get install chromium)"
    fi
else
    left_out "the back end in Node and the checkout in a browser: need node 18 or later and npm"
fi

if [[ -z ${PRICEWRIGHT-} ]]; then
    cargo build --locked --release --quiet
    PRICEWRIGHT=target/release/pricewright
fi

rm -rf "$work" && mkdir -p "$work/rules"
cp demo/rules/*.yaml demo/rules/*.csv "$work/rules"
PYTHONPATH=$PRICEWRIGHT_GENERATED timeout --kill-after=30 420 "$built/venv/bin/python" tests/clients/lost_answers.py \
    --pricewright "$(realpath "$(command -v "$PRICEWRIGHT")")" --rules "$PWD/$work/rules" --work "$PWD/$work" "${parts[@]}"
