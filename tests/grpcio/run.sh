#!/usr/bin/env bash
# A client that we did not write, Python's grpcio through reflection, gets byte for byte the quotes of the command line, and lives through the
# life of a gift certificate with the example receiver of passwords.
#
#   tests/grpcio/run.sh [RULES] [BASKETS]
#
# Needs python3; what it installs stays below target/. BASKETS holds one request a line; the first 50 are priced.
# PRICEWRIGHT names a built binary; without it one is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rules=${1-rules}
baskets=${2-$rules/baskets.jsonl}
work=target/grpcio
mkdir -p "$work"

if [[ ! -x $work/venv/bin/python ]] || ! cmp -s tests/grpcio/requirements.txt "$work/installed.txt"; then
    rm -rf "$work/venv"
    # Debian's python3 has no ensurepip unless python3-venv is installed; virtualenv brings its own pip.
    python3 -m venv "$work/venv" 2>/dev/null \
        || { rm -rf "$work/venv"; python3 -m virtualenv --quiet "$work/venv" 2>/dev/null; } \
        || { echo "tests/grpcio: left out: python3 can make no virtual environment (apt-get install python3-venv)"; exit 0; }
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/grpcio/requirements.txt
    cp tests/grpcio/requirements.txt "$work/installed.txt"
fi

if [[ -z ${PRICEWRIGHT-} ]]; then
    cargo build --locked --release --quiet
    PRICEWRIGHT=target/release/pricewright
fi
binary=$PRICEWRIGHT
head -n 50 "$baskets" > "$work/baskets.jsonl"

# The example receiver of the documentation, with a secret of its own.
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
(umask 077; "$work/venv/bin/python" -c 'import base64, os; print("whsec_" + base64.b64encode(os.urandom(32)).decode())' > "$data/webhook")
"$work/venv/bin/python" docs/otp-receiver.py --secret-file "$data/webhook" --port 0 --out "$data/received.jsonl" > "$data/receiver.out" &
receiver=$!
trap 'kill "$receiver" 2>/dev/null || true; rm -rf "$data"' EXIT
for attempt in $(seq 1 100); do
    gateway=$(sed -n 's/^listening on //p' "$data/receiver.out")
    [[ -n $gateway ]] && break
    kill -0 "$receiver" 2>/dev/null || { echo "tests/grpcio: the receiver does not start" >&2; exit 1; }
    sleep 0.1
done

# A free port: asked of the system, free again, taken by the service a moment later.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" serve --listen "127.0.0.1:$port" --rules "$rules" --data "$data/data" \
    --otp-webhook "${gateway}otp" --otp-webhook-secret "$data/webhook" 2> "$work/serve.log" > "$work/serve.out" &
server=$!
trap 'kill "$server" "$receiver" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT

# Ready when it prices: the first reading of a folder takes a moment.
head -n 1 "$work/baskets.jsonl" > "$work/first.jsonl"
for attempt in $(seq 1 100); do
    if "$work/venv/bin/python" tests/grpcio/quote.py "127.0.0.1:$port" < "$work/first.jsonl" > /dev/null 2> "$work/client.log"; then
        break
    fi
    if ! kill -0 "$server" 2>/dev/null || [[ $attempt == 100 ]]; then
        cat "$work/serve.log" "$work/client.log" >&2
        exit 1
    fi
done

"$work/venv/bin/python" tests/grpcio/quote.py "127.0.0.1:$port" < "$work/baskets.jsonl" > "$work/grpc.jsonl"
"$binary" price --rules "$rules" --json - < "$work/baskets.jsonl" > "$work/local.jsonl"

if ! cmp "$work/grpc.jsonl" "$work/local.jsonl"; then
    diff "$work/grpc.jsonl" "$work/local.jsonl" | head -n 4 >&2 || true
    exit 1
fi
count=$(wc -l < "$work/local.jsonl")
[[ $count -gt 0 ]] || { echo "tests/grpcio: no basket was priced" >&2; exit 1; }
echo "tests/grpcio: $count quotes, the same bytes from grpcio through reflection and from pricewright price"

"$work/venv/bin/python" tests/grpcio/certificate.py "127.0.0.1:$port" "$data/received.jsonl"
echo "tests/grpcio: the life of a certificate, with $(wc -l < "$data/received.jsonl") passwords from a receiver that checked their signatures"
