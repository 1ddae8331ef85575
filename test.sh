#!/usr/bin/env bash
# All tests. Needs Rust and a C compiler; cargo fetches and builds the rest. PostgreSQL is installed where it may be.
set -euo pipefail

if [[ "${1-}" == --help || "${1-}" == -h ]]; then
    cat <<'HELP'
Runs every test: unit tests, the integration tests in tests/it, the examples in the documentation.

Usage: ./test.sh [CARGO TEST ARGUMENTS]

Examples:
  ./test.sh                     all of them
  ./test.sh --test it tidy      the tests of tests/it whose name has `tidy`
  ./test.sh --lib pricing       the unit tests of a room

Tests that need PostgreSQL start a server of their own, on a Unix socket in a temporary folder, and take it away again.
Its programs are found in PG_BIN, else in the newest /usr/lib/postgresql/*/bin, else in PATH. Where there are none and
DATABASE_URL is not set, Debian's package is installed, without a system server: as root, or with a sudo that asks nothing.

Variables:
  DATABASE_URL   a server to make databases on instead; its user may create databases
  PG_BIN         the folder of `initdb` and `postgres`
HELP
    exit 0
fi

has_postgres() {
    [[ -f "$1/initdb" && -f "$1/postgres" ]]
}

# The rules of tests/it/postgres/find.rs.
find_postgres() {
    local folder
    if [[ -n "${PG_BIN-}" ]]; then
        has_postgres "$PG_BIN"
        return
    fi
    local IFS=:
    for folder in /usr/lib/postgresql/*/bin $PATH; do
        has_postgres "$folder" && return
    done
    return 1
}

advise() {
    echo "test.sh: $1: install \`postgresql\`, or set PG_BIN to the folder of \`initdb\` and \`postgres\`, or DATABASE_URL to a server" >&2
    exit 1
}

install_postgres() {
    local root=()
    command -v apt-get >/dev/null || advise "PostgreSQL is not found"
    if [[ "$(id -u)" != 0 ]]; then
        sudo -n true 2>/dev/null || advise "PostgreSQL is not found, and may not be installed without a password"
        root=(sudo -n)
    fi
    echo "test.sh: installing PostgreSQL for the tests: apt-get install postgresql, without a system server" >&2
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    local settings=/etc/postgresql-common/createcluster.conf
    "${apt[@]}" update >/dev/null || true
    # The package makes a system server and starts it, unless its settings say otherwise: they are as they were afterwards.
    "${apt[@]}" install --no-install-recommends postgresql-common >/dev/null || advise "apt-get cannot install it"
    "${root[@]}" cp -p "$settings" "$settings.before-tests"
    "${root[@]}" sh -c "echo 'create_main_cluster = false' >>$settings"
    local installed=0
    "${apt[@]}" install --no-install-recommends postgresql >/dev/null || installed=$?
    "${root[@]}" mv "$settings.before-tests" "$settings"
    [[ "$installed" == 0 ]] || advise "apt-get cannot install it"
}

cd "$(dirname "${BASH_SOURCE[0]}")"
if ! command -v cargo >/dev/null; then
    echo "test.sh: cargo is not installed: see https://rustup.rs" >&2
    exit 1
fi
if [[ -n "${PG_BIN-}" ]] && ! find_postgres; then
    advise "PG_BIN=$PG_BIN has no PostgreSQL"
fi
if [[ -z "${DATABASE_URL-}" ]] && ! find_postgres; then
    install_postgres
fi
# Without it, tests that find no PostgreSQL are ignored, each with a line of advice.
export REQUIRE_PG=1
exec cargo test --locked "$@"
