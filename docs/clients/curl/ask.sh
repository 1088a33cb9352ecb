#!/bin/sh
# Ask whether a permit is valid (keabsahan izin), or for an echo, over signed REST with curl and openssl alone.
#
#   sh ask.sh <agency folder> permit-validity dpupr-2026/1.0 '{"permitNumber":"001/PBG/XI/2026"}'
#   sh ask.sh <agency folder> meta.echo       meta/1.0       '{"text":"Halo, hub!"}'
#
# The folder holds key.pem (RSA), certificate.pem and config.json. The signature is a detached JWS (RFC 7515 F).
set -eu
folder=$1 interaction=$2 agreement=$3 body=$4
path=$(echo "$interaction" | sed 's#^meta\.#meta/#')

member() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$folder/config.json"; }
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
# base64url to bytes: openssl wants the padding back
unb64() { awk '{ while (length($0) % 4) $0 = $0 "="; print }' | tr -- '-_' '+/' | openssl base64 -d -A; }
thumbprint() { openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -binary | b64; }
claim() { sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' "$work/head"; }
refuse() { echo "$1" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
agency=$(member agency) hub=$(member hub) hub_certificate=$(member hub_certificate)

# 1. Sign: the protected header, a dot, the body; both in base64url.
now=$(date +%s)
head='{"alg":"RS256","x5t#S256":"'$(thumbprint "$folder/certificate.pem")'","iss":"'$agency'","aud":"dpmptsp"'
head=$head',"iat":'$now',"exp":'$((now + 300))',"jti":"'$(openssl rand -hex 16)'"'
head=$head',"agr":"'$agreement'","int":"'$interaction'"}'
signing=$(printf '%s' "$head" | b64).$(printf '%s' "$body" | b64)
signature=$(printf '%s' "$signing" | openssl dgst -sha256 -sign "$folder/key.pem" | b64)

# 2. Send.
status=$(curl -s -o "$work/answer" -D "$work/headers" -w '%{http_code}' "$hub/rest/$agency/$path" \
  -H 'Content-Type: application/json' -H "X-JWS-Signature: ${signing%%.*}..$signature" --data-binary "$body") ||
  refuse "the hub does not answer at $hub"
jws=$(tr -d '\r' < "$work/headers" | sed -n 's/^[Xx]-[Jj][Ww][Ss]-[Ss]ignature: *//p')

# 3. Verify the answer, before anything in it is believed. Who proves nothing gets an unsigned refusal.
if [ -z "$jws" ] && [ "$status" -ge 400 ]; then refuse "the hub refuses (ditolak): $(cat "$work/answer")"; fi
printf '%s' "${jws%%.*}" | unb64 > "$work/head"
printf '%s' "${jws##*.}" | unb64 > "$work/signature"
printf '%s' "${jws%%.*}.$(b64 < "$work/answer")" > "$work/signed"
openssl x509 -in "$hub_certificate" -pubkey -noout > "$work/hub.pub"
case $(claim alg) in # PS256: what the hub signs by when its key is RSA
  PS256) padding='-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest' ;;
  *) refuse "the answer is signed by $(claim alg), which this example does not read" ;;
esac
# shellcheck disable=SC2086 # the padding is several words
openssl dgst -sha256 $padding -verify "$work/hub.pub" -signature "$work/signature" "$work/signed" > "$work/verdict" 2>&1 ||
  refuse "the answer is not what the hub signed: $(head -n 1 "$work/verdict")"
[ "$(claim 'x5t#S256')" = "$(thumbprint "$hub_certificate")" ] || refuse 'the answer names another certificate'
[ "$(claim iss) $(claim aud)" = "dpmptsp $agency" ] || refuse "the answer is from $(claim iss) for $(claim aud)"
[ "$(claim rel)" = "$(printf '%s' "$body" | openssl dgst -sha256 -binary | b64)" ] || refuse 'the answer is to another request'
[ "$(claim exp)" -ge $((now - 60)) ] || refuse 'the answer has expired'

[ "$status" -lt 400 ] || refuse "the hub refuses (ditolak): $(cat "$work/answer")"
cat "$work/answer"
echo
