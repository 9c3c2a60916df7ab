# The operator's image; docs/install.md says how to build it. docker and buildah both do.

# What the image stands on: any image with Node 24 on its PATH; it needs no shell. For builds that can be repeated, pin it:
# --build-arg BASE=node:24-slim@sha256:...
ARG BASE=node:24-slim
# What builds it: Node 24 with npm and a shell. To be given where BASE has none.
ARG BUILD_BASE=$BASE

# The packages that the operator needs, without those that build and test it.
FROM $BUILD_BASE AS packages
# Seconds since 1970 that all files get, so that the same source makes the same layers.
ARG SOURCE_DATE_EPOCH=0
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
# Node.js loads no TypeScript from node_modules, and source maps only when asked to; *.bare are programs for another runtime.
RUN npm ci --omit=dev --ignore-scripts --no-bin-links \
  && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.bare' \) -exec rm -f {} + \
  && find node_modules -depth -type d -empty -exec rmdir {} \; \
  && mkdir -p /image/app \
  && mv node_modules /image/app/ \
  && chmod -R u=rwX,go=rX /image \
  && find /image -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM $BUILD_BASE AS build
ARG SOURCE_DATE_EPOCH=0
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json LICENSE NOTICE ./
COPY src src
COPY crds crds
COPY deploy deploy
RUN npm run build -- --sourceMap false \
  && mkdir -p /image/app /image/usr/local/bin \
  && mv dist crds deploy NOTICE package.json LICENSE /image/app/ \
  && ln -s /app/dist/cli/main.js /image/usr/local/bin/kubectl-mirror \
  && chmod -R u=rwX,go=rX /image \
  && find /image -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# No RUN from here on: BASE may be without a shell.
FROM $BASE
# glibc gives each thread a heap of its own otherwise, of which most is empty: 10 to 20 MB. What is read from a connection comes
# in pieces of 64 kB; kept apart from what stays, they can be given back: another 15 MB with a thousand experiments.
# The young generation of the garbage collector may have 2 MB in place of 16.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=2 \
  MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=65536
COPY --from=packages /image/ /
COPY --from=build /image/ /
WORKDIR /app
ARG BASE
ARG VERSION=0.1.0
ARG REVISION
LABEL org.opencontainers.image.title="mirror-experiment" \
      org.opencontainers.image.description="Kubernetes operator that tries a new version of a service on copied live traffic" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="$BASE"
# No user of this name has to exist. Nothing in the image belongs to it, so it can change nothing.
USER 65532:65532
EXPOSE 8080 8081
# Kubernetes does not look at it: deploy/deployment.yaml has probes.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.HEALTH_PORT || 8080) + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Without a shell between, process 1 is the operator, and gets the signals.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD []
