# Sourced by the scripts beside it: what docs/operations.md tells people to type is typed, with the program for what they start, in a folder and a
# network that are gone afterwards. A step that is missing there is missing here.

# The lines of the blocks of commands below a heading of the second order, as they are to be typed.
recipe() {
    awk -v heading="## $1" '
        /^## / { is_here = $0 == heading }
        /^```/ { is_block = is_here && $0 == "```console"; goes_on = 0; next }
        is_block && (/^[#$] / || goes_on) { sub(/^[#$] /, ""); print; goes_on = /\\$/ }
    ' "${RECIPES:-docs/operations.md}"
}

# Whether this machine lets us: another user, a network and mounts of our own.
can_follow() {
    [[ $(id -u) == 0 ]] && unshare --net --mount true 2>/dev/null && command -v setpriv ip openssl >/dev/null
}

wrong() {
    echo "deploy: $*" >&2
    exit 1
}

# What people bring along: rules, and a certificate for these names, with its key and its authority.
brought() {
    local names
    mkdir my-rules
    cat > my-rules/november.yaml <<'END'
promotions:
  - id: fragrance-20
    name: Fragrance −20 %
    on: {categories: [fragrance]}
    give: {percent: 20}
END
    names=$(printf ',DNS:%s' "$@")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout authority.key -out shop-ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=pricewright -keyout prices.key -out request.pem
    openssl x509 -req -in request.pem -CA shop-ca.pem -CAkey authority.key -CAcreateserial -days 2 -out prices.pem \
        -extfile <(echo "subjectAltName=${names#,}"; echo basicConstraints=CA:FALSE)
} 2> openssl.log

# A network of this process alone, in which these names are this machine.
alone() {
    ip link set lo up
    mount --make-rprivate /
    printf '127.0.0.1 %s\n' localhost "$@" > hosts
    mount --bind hosts /etc/hosts
}

# Until the service listens and rules are live; or until the log says something else.
awaited() {
    local process=$1 log=$2 state=${3-rules are live|the last good rules are live again}
    local text
    for attempt in $(seq 1 300); do
        # One look: the next line may come between two.
        text=$(<"$log")
        if [[ $text == *'"pricewright listens"'* ]]; then
            [[ ! $text =~ \"($state)\" ]] || return 0
            [[ $text != *'"the rules folder is held"'* ]] || break
        fi
        kill -0 "$process" 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" >&2
    wrong "the service does not start"
}

# It is told to stop, and must end well.
stopped() {
    local code=0
    kill -TERM "$1"
    wait "$1" || code=$?
    [[ $code == 0 ]] || wrong "told to stop, it ended with $code"
}
