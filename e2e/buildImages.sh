#!/usr/bin/env bash
# Builds the images that npm run e2e needs: npm run e2e:images -- [ARGUMENT...], each an argument of docker build or buildah
# bud, such as --build-arg BASE=node:24-slim@sha256:...
# OPERATOR_IMAGE: name and tag of the operator's image; mirror-experiment:e2e
# LAB_IMAGE: name of the lab's images, which get the tags v1 to v4; mirror-experiment-lab
# BUILDER, SOURCE_DATE_EPOCH: as of tools/buildImage.sh
set -euo pipefail
cd "$(dirname "$0")/.."

lab=${LAB_IMAGE:-mirror-experiment-lab}
tools/buildImage.sh --tag "${OPERATOR_IMAGE:-mirror-experiment:e2e}" "$@"
for version in v1 v2 v3 v4; do
  DOCKERFILE=e2e/lab.Dockerfile tools/buildImage.sh --tag "$lab:$version" --target "$version" "$@"
done
