# The daemon in a container: `docker build -t tierd .`, for amd64 and arm64
# (`docker buildx build --platform linux/amd64,linux/arm64 .`). compose.yaml runs it beside its stores;
# docs/operations.md says what it needs. DuckDB wants glibc, so no Alpine.
ARG NODE_IMAGE=node:22-trixie-slim

# On the machine that builds: what comes out is JavaScript, the same for every processor.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# What bundles the page for the browser.
COPY scripts/build-page.ts scripts/build-page.ts
RUN npm run build

# For the processor that it will run on: DuckDB is a binary.
FROM ${NODE_IMAGE} AS modules
WORKDIR /modules
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
# No shell is needed to log in, and no home. The ids are fixed, for whoever owns a mounted lake.
RUN groupadd --gid 10001 tierd \
    && useradd --uid 10001 --gid tierd --no-create-home --home-dir /var/lib/tierd --shell /usr/sbin/nologin tierd \
    && install --directory --owner=tierd --group=tierd --mode=0750 /var/lib/tierd /var/lib/tierd/lake /var/lib/tierd/spill \
    && install --directory /etc/tierd
WORKDIR /opt/tierd
COPY --from=modules /modules/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json ./
COPY migrations migrations
RUN ln --symbolic /opt/tierd/dist/main.js /usr/local/bin/tierd && chmod 0755 dist/main.js

# DuckDB works on libuv's threads, and would leave none for the file system. Read before Node starts.
ENV NODE_ENV=production \
    UV_THREADPOOL_SIZE=16 \
    TIERD_LAKE=/var/lib/tierd/lake
USER 10001:10001
# The lake, and what a large sort spills. The rest of the file system may be read-only.
VOLUME ["/var/lib/tierd"]
EXPOSE 9464
STOPSIGNAL SIGTERM
# The process answers: whether it leads, and reaches its stores, is for /readyz.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/tierd/dist/main.js"]
CMD ["run", "--config", "/etc/tierd/unified_config.yaml"]
