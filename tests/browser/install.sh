#!/bin/sh
# The browser of tests/browser, from Debian. May be run again at any time.
set -eu
command -v chromium > /dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ]; then as=''; else as='sudo'; fi
command -v apt-get > /dev/null || { echo "install by hand: chromium" >&2; exit 2; }
[ -z "$as" ] || command -v sudo > /dev/null || { echo "as root: apt-get install chromium" >&2; exit 2; }
echo "installing from Debian: chromium"
$as apt-get update -qq
$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null
