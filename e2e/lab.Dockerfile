# The image of the lab's services in a cluster: the bookservice (its version is the tag), the poller and the stand-in for
# Azure Monitor. e2e/buildImages.sh builds it.

# Node 24 on Linux; see the Dockerfile of the operator.
ARG BASE=node:24-slim
ARG BUILD_BASE=$BASE

FROM $BUILD_BASE AS packages
WORKDIR /lab
COPY package.json package-lock.json .npmrc ./
# Of all packages those that the lab imports, in the versions of the lock.
RUN node -e "const fs = require('node:fs'); \
    const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8')); \
    const versions = { ...manifest.devDependencies, ...manifest.dependencies }; \
    const needed = ['@duckdb/node-api', '@kusto/language-service-next', 'applicationinsights', 'selfsigned']; \
    manifest.dependencies = Object.fromEntries(needed.map((name) => [name, versions[name]])); \
    for (const key of ['devDependencies', 'overrides', 'allowScripts']) delete manifest[key]; \
    fs.writeFileSync('package.json', JSON.stringify(manifest))" \
  && npm install --ignore-scripts --no-bin-links

FROM $BASE AS lab
WORKDIR /lab
COPY --from=packages /lab/ /lab/
COPY demo demo
ENV LISTEN_ADDRESS=0.0.0.0 PORT=8080
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["/lab/demo/lab/bookservice/server.ts"]

# The versions are stages, not an argument: buildah takes an ENV from its cache whatever the argument in it is.
FROM lab AS v1
ENV BOOKSERVICE_IMAGE_VERSION=v1
FROM lab AS v2
ENV BOOKSERVICE_IMAGE_VERSION=v2
FROM lab AS v3
ENV BOOKSERVICE_IMAGE_VERSION=v3
FROM lab AS v4
ENV BOOKSERVICE_IMAGE_VERSION=v4
