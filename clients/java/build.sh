#!/usr/bin/env bash
# Generates and compiles the till with what Debian 12 has: protoc, its plugin for gRPC, and the libraries in /usr/share/java.
#
#   build.sh OUT                 generate and compile into OUT
#   build.sh --class-path OUT    what to run it with
#   build.sh --check             whether all of it is installed
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jars=/usr/share/java
names=(
    grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub
    protobuf protobuf-util proto-google-common-protos gson guava perfmark-api geronimo-annotation-1.3-spec
    netty-buffer netty-codec netty-codec-http netty-codec-http2 netty-common netty-handler netty-resolver netty-transport netty-tcnative
)
# TLS of gRPC needs ALPN. Debian's Netty is without that of the JDK, so its OpenSSL is taken, whose file has another name there than Netty looks for.
# With grpc-netty-shaded, as from Maven, nothing of this is needed.
native=(/usr/lib/*/jni/libnetty-tcnative.so)
path=$(printf ":$jars/%s.jar" "${names[@]}")

case ${1-} in
--check)
    for name in "${names[@]}"; do
        [[ -f $jars/$name.jar ]] || { echo "$jars/$name.jar is missing" >&2; exit 1; }
    done
    [[ -f ${native[0]} ]] && command -v protoc >/dev/null && command -v grpc_java_plugin >/dev/null && [[ -d /usr/include/google/protobuf ]]
    ;;
--class-path)
    echo "$2/classes$path"
    ;;
"")
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
*)
    out=$1
    rm -rf "$out/generated" "$out/classes"
    mkdir -p "$out/generated" "$out/classes"
    install -D -m 0644 "${native[0]}" "$out/classes/META-INF/native/libnetty_tcnative.so"
    protoc -I "$here/../../proto" -I "$here/../proto" --java_out="$out/generated" \
        --plugin=protoc-gen-grpc-java="$(command -v grpc_java_plugin)" --grpc-java_out="$out/generated" \
        pricewright/v1/pricing.proto pricewright/v1/redemption.proto google/rpc/error_details.proto
    find "$out/generated" "$here/till" -name '*.java' > "$out/sources"
    javac -nowarn -proc:none -encoding UTF-8 -d "$out/classes" -cp "${path#:}" "@$out/sources"
    ;;
esac
