#!/usr/bin/env bash
# Builds the operator's image: npm run image -- [ARGUMENT...], each an argument of docker build or buildah bud, such as
#   --tag registry.example.com/platform/mirror-experiment:0.1.0
#   --build-arg BASE=node:24-slim@sha256:...
# Without --tag the image is called mirror-experiment and the version of package.json.
# BUILDER: docker or buildah; docker is taken where its daemon answers, then buildah.
# DOCKERFILE: what is built, with its DOCKERFILE.dockerignore; the operator's Dockerfile if it is not set.
# SOURCE_DATE_EPOCH: seconds since 1970 that the image and its files get; the last commit's, if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(node --print 'require("./package.json").version')
revision=$(git rev-parse HEAD 2>/dev/null || true)
if [ -n "$revision" ] && [ -n "$(git status --porcelain 2>/dev/null)" ]; then revision=$revision-dirty; fi
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH=$epoch

builder=${BUILDER:-}
if [ -z "$builder" ]; then
  if docker info >/dev/null 2>&1; then
    builder=docker
  elif command -v buildah >/dev/null; then
    builder=buildah
  else
    echo 'There is no docker daemon that answers, and no buildah: install one of them.' >&2
    exit 1
  fi
fi

arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$epoch")
tag=(--tag "mirror-experiment:$version")
for argument in "$@"; do
  case $argument in -t | -t?* | --tag | --tag=*) tag=() ;; esac
done

file=${DOCKERFILE:-Dockerfile}
ignore=.dockerignore
if [ "$file" != Dockerfile ]; then ignore=$file.dockerignore; fi

case $builder in
  docker) exec docker build --file "$file" "${arguments[@]}" "${tag[@]}" "$@" . ;;
  # The OCI format, buildah's default, has no place for the health check; its docker format would put random names in.
  buildah) exec buildah bud --file "$file" --ignorefile "$ignore" --layers --timestamp "$epoch" "${arguments[@]}" "${tag[@]}" "$@" . ;;
  *)
    echo "BUILDER must be docker or buildah, not \"$builder\"" >&2
    exit 2
    ;;
esac
