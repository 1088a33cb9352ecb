#!/bin/sh
# What the tests of tests/interop need beside Python, from Debian's and npm's packages. May be run again at any time:
# what is there is left alone. It says what it installs, and ends with an error when it may not install.
set -eu
cd "$(dirname "$0")/../.."

packages=''
# need <command or file> <Debian package>...
need() {
  what=$1
  shift
  command -v "$what" > /dev/null 2>&1 || [ -e "$what" ] || packages="$packages $*"
}

need php php-cli
need /usr/share/php/phpseclib3/autoload.php php-phpseclib3
php -m 2> /dev/null | grep -qx soap || packages="$packages php-soap"
php -m 2> /dev/null | grep -qx dom || packages="$packages php-xml"
need javac default-jdk-headless
need /usr/share/java/wss4j.jar libwss4j-java
need /usr/share/java/xmlsec.jar libxml-security-java
need /usr/share/java/slf4j-nop.jar libslf4j-java
need /usr/share/java/commons-logging.jar libcommons-logging-java
need /usr/share/java/commons-codec.jar libcommons-codec-java
need node nodejs
need npm npm
need mcs mono-mcs
need mono mono-runtime
need /usr/lib/mono/4.5/System.Security.dll libmono-system-security4.0-cil
need /usr/lib/mono/4.5/System.Net.Http.dll libmono-system-net-http4.0-cil
need /usr/lib/mono/4.5/System.Core.dll libmono-system-core4.0-cil
need curl curl
need openssl openssl
# of the other tests here
need /usr/sbin/nginx nginx-light
need softhsm2-util softhsm2
need pkcs11-tool opensc

packages=$(echo $packages)
if [ -n "$packages" ]; then
  if [ "$(id -u)" = 0 ]; then as=''; else as='sudo'; fi
  command -v apt-get > /dev/null || { echo "install these by hand: $packages" >&2; exit 2; }
  [ -z "$as" ] || command -v sudo > /dev/null || { echo "as root: apt-get install $packages" >&2; exit 2; }
  echo "installing from Debian: $packages"
  $as apt-get update -qq
  # shellcheck disable=SC2086 # several packages
  $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages > /dev/null
fi

# npm ci takes exactly what package-lock.json says
lock=docs/clients/node/package-lock.json
stamp=docs/clients/node/node_modules/.installed
if [ "$(cat "$stamp" 2>/dev/null)" != "$(cksum < "$lock")" ]; then
  echo "installing from npm: $lock"
  (cd docs/clients/node && npm ci --silent)
  cksum < "$lock" > "$stamp"
fi
