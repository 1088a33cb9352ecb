#!/bin/sh
# Go and its checksum database's code for tests/interop/golang, from Debian: install.sh <go> <where Go packages are>.
# May be run again at any time.
set -eu
go=$1
packages=$2
command -v "$go" > /dev/null 2>&1 && [ -d "$packages/src/golang.org/x/mod/sumdb" ] && exit 0
if [ "$(id -u)" = 0 ]; then as=''; else as='sudo'; fi
wanted='golang-go golang-golang-x-mod-dev'
by_hand="install by hand: $wanted, or name them: make test-go GO=/path/to/go GOCODE=/path"
command -v apt-get > /dev/null || { echo "$by_hand" >&2; exit 2; }
[ -z "$as" ] || command -v sudo > /dev/null || { echo "as root: apt-get install $wanted" >&2; exit 2; }
echo "installing from Debian: $wanted"
$as apt-get update -qq
# shellcheck disable=SC2086 # two packages
$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted > /dev/null
command -v "$go" > /dev/null 2>&1 && [ -d "$packages/src/golang.org/x/mod/sumdb" ] || { echo "$by_hand" >&2; exit 2; }
