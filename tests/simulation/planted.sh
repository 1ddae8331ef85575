#!/usr/bin/env bash
# Plants one bug after another in a copy of the program, and looks how many seeds the simulation takes to see each.
#
#   tests/simulation/planted.sh          all of them; some two minutes each, for the program is built anew
#   tests/simulation/planted.sh 03 11    these
#   SIMULATION_SEEDS=5000 tests/simulation/planted.sh
#
# Ends with 1 when one was not seen. Needs bash, git, patch, a C compiler and Rust.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seeds=${SIMULATION_SEEDS:-2000}
work=$PWD/target/planted
tree=$work/tree
export CARGO_TARGET_DIR=$PWD/target CARGO_INCREMENTAL=1 SIMULATION_SEEDS=$seeds

# What has not changed keeps its time, so that little is built anew.
mkdir -p "$tree"
git ls-files -z -- Cargo.toml Cargo.lock build.rs clippy.toml proto src optimum benches tests demo rules |
    xargs -0 cp --parents --update --preserve=timestamps -t "$tree"

planted=()
for bug in tests/simulation/planted/*.patch; do
    name=$(basename "$bug" .patch)
    if [[ $# -eq 0 || " $* " == *" ${name%%-*} "* ]]; then
        planted+=("$bug")
    fi
done

unseen=0
for bug in "${planted[@]}"; do
    name=$(basename "$bug" .patch)
    patch --quiet --strip=1 --directory="$tree" <"$bug"
    log=$work/$name.log
    if (cd "$tree" && cargo test --locked --test simulation what_was_answered -- --nocapture) >"$log" 2>&1; then
        printf '%-44s NOT SEEN in %d seeds\n' "$name" "$seeds"
        unseen=$((unseen + 1))
    elif found=$(grep -m 1 -o 'seed [0-9]*, after [0-9]* seeds' "$log"); then
        printf '%-44s seen: %s\n' "$name" "$found"
    else
        printf '%-44s not built, see %s\n' "$name" "$log"
        unseen=$((unseen + 1))
    fi
    patch --quiet --strip=1 --reverse --directory="$tree" <"$bug"
done
printf '%d planted, %d seen\n' "${#planted[@]}" "$((${#planted[@]} - unseen))"
[[ $unseen -eq 0 ]]
