#!/usr/bin/env bash
# Compiles with the marks that libFuzzer steers by, for cargo as RUSTC_WRAPPER: what an input goes through, and nothing else.
#
# libFuzzer looks at all marks after each input, so those of a web server that no input reaches would make every input slower. Flags
# for a single crate are not stable in cargo yet; a wrapper is. Without `--target` it is a build script or a macro: those run while we build.
# Cargo does not see a change in here: take `fuzz/target` away after one.
set -euo pipefail

MARKED=" pricewright serde_saphyr granit_parser csv_core serde_json prost "
FLAGS=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=3
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
)

all=" $* "
name=${all#* --crate-name }
if [[ $all == *" --target "* && $all == *" --crate-name "* && $MARKED == *" ${name%% *} "* ]]; then
    exec "$@" "${FLAGS[@]}"
fi
exec "$@"
