#!/usr/bin/env bash
# h2load.sh TARGET [ALGORITHM [BATCH [CALLS [CONNECTIONS [STREAMS]]]]]: loads a daemon with h2load, which sends the same
# request again and again in a closed loop, and prints h2load's output and the proofs per second. It shares no code with
# proofmint-load, whose rate (with --rate=0) can be compared with it.
#   TARGET      unix:///PATH or 127.0.0.1:PORT
#   ALGORITHM   ES256 (default), ED25519 or EDDSA
#   BATCH       proofs per call; 1 (default) calls SignProof
#   CALLS       20000 by default; CONNECTIONS 4, with up to STREAMS = 16 calls each
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,8p "$0"; exit 2; }
target=$1 algorithm=${2-ES256} batch=${3-1} calls=${4-20000} connections=${5-4} streams=${6-16}
proto=$(dirname "$0")/../../proto
frame=$(mktemp -d)
trap 'rm -rf "$frame"' EXIT

request='algorithm: ALGORITHM_'$algorithm' htm: "POST" htu: "https://idp.example/oauth2/token"'
if [ "$batch" = 1 ]; then
  method=SignProof
  text=$request
else
  method=BatchSignProofs
  text=$(for _ in $(seq "$batch"); do echo "requests { $request }"; done)
fi
protoc -I"$proto" --encode="proofmint.v1.${method}Request" proofmint/v1/proof_signer.proto <<<"$text" >"$frame/message"
# The prefix of a gRPC message: not compressed, and the size in four bytes.
size=$(printf '%08x' "$(stat -c %s "$frame/message")")
{ printf '\0%b' "\\x${size:0:2}\\x${size:2:2}\\x${size:4:2}\\x${size:6:2}"; cat "$frame/message"; } >"$frame/frame"

case $target in unix:*) base=$target ;; *) base=http://$target ;; esac
h2load --requests="$calls" --clients="$connections" --max-concurrent-streams="$streams" --data="$frame/frame" \
  --header='content-type: application/grpc' --header='te: trailers' --base-uri="$base" \
  "http://localhost/proofmint.v1.ProofSigner/$method" | tee "$frame/output"

# h2load does not see gRPC's errors, but these have no body, and a proof has more than 400 bytes.
data=$(sed -nE 's/^traffic:.*\(([0-9]+)\) data$/\1/p' "$frame/output")
if [ "${data:-0}" -lt $((calls * batch * 400)) ]; then
  echo "h2load.sh: got answers without proofs, $data bytes in all, want more than $((calls * batch * 400))" >&2
  exit 1
fi
awk -v batch="$batch" '/^finished in/ { printf "%.0f proofs/s\n", $4 * batch }' "$frame/output"
