#!/usr/bin/env bash
# Makes base images out of this machine's own programs, with buildah, for builds where no registry can be reached:
#   tools/localBaseImage.sh NAME   makes NAME: Node 24 and what it loads, without a shell; and NAME-build: with npm and a shell
# npm run image -- --build-arg BASE=NAME --build-arg BUILD_BASE=NAME-build then builds upon them. For tests, not for use: they
# hold copies of this machine's libraries.
set -euo pipefail
name=${1:?usage: tools/localBaseImage.sh NAME}
cd "$(dirname "$0")/.."
node=${NODE:-$PWD/node_modules/node/bin/node}
certificates=/etc/ssl/certs/ca-certificates.crt
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# add FILE PATH: with the libraries that it loads
add() {
  install -D "$(readlink -f "$1")" "$root$2"
  { ldd "$1" 2>/dev/null || true; } | { grep -oE '/[^ ]+' || true; } | while read -r library; do
    [ -e "$root$library" ] || install -D "$(readlink -f "$library")" "$root$library"
  done
}

commit() { # NAME: an image of what is in the root so far
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  # Of npm in a build, where the machine trusts an authority of its own.
  if [ -e "$root$certificates" ]; then buildah config --env "NODE_EXTRA_CA_CERTS=$certificates" "$container"; fi
  buildah commit -q --timestamp 0 "$container" "$1"
  buildah rm "$container" >/dev/null
}

mkdir -p "$root"/{etc,tmp,root,proc,sys,dev}
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
add "$node" /usr/bin/node
add /usr/bin/env /usr/bin/env
# Loaded when a name is looked up.
for library in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
  path=$(ldconfig -p | awk -v name="$library" '$1 == name && !found { print $NF; found = 1 }')
  if [ -n "$path" ]; then add "$path" "$path"; fi
done
commit "$name"

for program in sh find mkdir mv rm rmdir ln chmod touch; do add "$(command -v $program)" /bin/$program; done
npm=$(readlink -f "$(command -v npm)")
mkdir -p "$root/usr/lib/node_modules"
cp -RL "${npm%/bin/npm-cli.js}" "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
if [ -e "$certificates" ]; then install -D "$certificates" "$root$certificates"; fi
commit "$name-build"
