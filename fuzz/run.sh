#!/usr/bin/env bash
# Fuzzing by hand, steered by what the program does; every test run has a short one of its own (tests/fuzz). Needs stable Rust and a C++ compiler (for libFuzzer, which comes as source).
set -euo pipefail

HELP='Gives every target inputs that nobody thought of, the seeds and what once failed first.

Usage: fuzz/run.sh [--long | --seconds N | --runs N] [TARGET...]
       fuzz/run.sh --seeds
       fuzz/run.sh TARGET FILE

Targets:
  rules      rule files, settings and tables: a rulebook that prices, or findings that say where
  requests   protobuf and JSON: priced, kept, brought back; sums add up, twice is the same
  journal    records, and whole journals that were harmed: what is read was written, what is lost is said
  codes      promo codes, certificate numbers, PINs, stored hashes
  phones     phone numbers: E.164, however often and wherever they are read

Options:
  --long       10 million executions a target; what is found on the way is kept in fuzz/corpus
  --seconds N  so many seconds a target (20)
  --runs N     so many executions a target
  --seeds      writes fuzz/seeds anew from the files of the repository

Examples:
  fuzz/run.sh                                  all of it, for a look
  fuzz/run.sh --long                           all of it, once before a release
  fuzz/run.sh --seconds 600 rules requests     two targets, ten minutes each
  fuzz/run.sh rules fuzz/artifacts/rules-crash-0123   one input again, with the trace

An input that fails is in fuzz/artifacts. Mend what it shows, and move it to fuzz/regressions/TARGET.
Exits with 0 when nothing failed, with 1 when something did.'

TARGETS=(rules requests journal codes phones)
# Longer inputs cost time and show nothing that short ones do not.
declare -A LENGTH=([rules]=2048 [requests]=2048 [journal]=2048 [codes]=128 [phones]=96)
LONG_RUNS=10000000
# Weighing the corpus by how rare what it does is took nine tenths of the time where an input meets ten thousand branches.
STEERING=-entropic=0
SHORT_SECONDS=20
# An input that takes longer has found something too.
INPUT_SECONDS_MAX=10
MEMORY_MB_MAX=2048

die() {
    echo "fuzz/run.sh: $1" >&2
    exit 2
}

is_target() {
    [[ " ${TARGETS[*]} " == *" $1 "* ]]
}

build() {
    command -v c++ >/dev/null || [[ -n "${CXX-}" ]] || die "there is no C++ compiler: install g++ or clang, or name one in CXX"
    host=$(rustc -vV | sed -n 's/^host: //p')
    RUSTC_WRAPPER="$PWD/rustc.sh" cargo build --locked --release --target "$host"
    programs=$PWD/target/$host/release
}

# Runs one target: a line for the table, and 1 where something failed.
fuzz() {
    local target=$1 log began=$SECONDS status=0 name
    log=$scratch/$target.log
    local folders=("$corpus/$target" "seeds/$target")
    mkdir -p "$corpus/$target" artifacts
    [[ -d regressions/$target ]] && folders+=("regressions/$target")
    printf '\n== %s\n' "$target"
    "$programs/$target" "${folders[@]}" "-dict=dictionaries/$target.dict" "-max_len=${LENGTH[$target]}" "$STEERING" \
        "-timeout=$INPUT_SECONDS_MAX" "-rss_limit_mb=$MEMORY_MB_MAX" "-artifact_prefix=artifacts/$target-" \
        -print_final_stats=1 -verbosity=1 "${limit[@]}" >"$log" 2>&1 || status=$?
    local runs seconds=$((SECONDS - began)) crashes=0
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    if [[ $status != 0 ]]; then
        crashes=1
        tail -40 "$log" >&2
        name=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
        [[ -n "$name" ]] && echo "again: fuzz/run.sh $target fuzz/$name" >&2
    else
        grep -E '^#[0-9]+[[:space:]]+(INITED|DONE)' "$log" || true
    fi
    rows+=("$(printf '%-10s %12s %9s %12s %8s' "$target" "${runs:-0}" "$seconds" "$((${runs:-0} / (seconds > 0 ? seconds : 1)))" "$crashes")")
    return "$crashes"
}

limit=("-max_total_time=$SHORT_SECONDS")
chosen=()
is_long=false
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
while [[ $# -gt 0 ]]; do
    case $1 in
    --help | -h)
        echo "$HELP"
        exit 0
        ;;
    --long)
        limit=("-runs=$LONG_RUNS")
        is_long=true
        ;;
    --seconds | --runs)
        [[ "${2-}" =~ ^[0-9]+$ ]] || die "$1 needs a number"
        [[ $1 == --runs ]] && limit=("-runs=$2") || limit=("-max_total_time=$2")
        shift
        ;;
    --seeds)
        build
        rm -rf seeds
        exec "$programs/seeds"
        ;;
    -*) die "unknown option \`$1\`; see --help" ;;
    *)
        if ! is_target "$1"; then
            [[ ${#chosen[@]} == 1 && -f "$called_from/$1" ]] || die "\`$1\` is no target; see --help"
            build
            exec "$programs/${chosen[0]}" "$called_from/$1"
        fi
        chosen+=("$1")
        ;;
    esac
    shift
done
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${TARGETS[@]}")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A short run leaves nothing behind: the next one is as long.
corpus=$scratch
$is_long && corpus=corpus

build
rows=()
failed=0
for target in "${chosen[@]}"; do
    fuzz "$target" || failed=1
done
printf '\n%-10s %12s %9s %12s %8s\n' target executions seconds a-second crashes
printf '%s\n' "${rows[@]}"
exit "$failed"
