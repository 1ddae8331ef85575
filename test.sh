#!/usr/bin/env bash
# All tests. Needs Rust and a C compiler; cargo fetches and builds the rest.
set -euo pipefail

if [[ "${1-}" == --help || "${1-}" == -h ]]; then
    cat <<'HELP'
Runs every test: unit tests, the integration tests in tests/it, the examples in the documentation.

Usage: ./test.sh [CARGO TEST ARGUMENTS]

Examples:
  ./test.sh                     all of them
  ./test.sh --test it tidy      the tests of tests/it whose name has `tidy`
  ./test.sh --lib pricing       the unit tests of a room
HELP
    exit 0
fi

cd "$(dirname "${BASH_SOURCE[0]}")"
if ! command -v cargo >/dev/null; then
    echo "test.sh: cargo is not installed: see https://rustup.rs" >&2
    exit 1
fi
exec cargo test --locked "$@"
