# The image of the Slipway server and router. The bases may be any that have the
# named tools; scripts/local-bases.sh makes them where no registry is reached.
#
#   docker build -t slipway --build-arg VERSION=$(git describe --tags --always) .
ARG BASE_GO=golang:1.26-bookworm
ARG BASE_NODE=node:22-bookworm-slim
ARG BASE_RUNTIME=debian:bookworm-slim

FROM ${BASE_NODE} AS ui
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-fund --no-audit
COPY web ./
RUN npm run build

FROM ${BASE_GO} AS build
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=ui /src/web/dist web/dist
ARG VERSION=dev
RUN set -eu; for program in slipway-router slipway-static slipway-hook; do \
      go build -ldflags '-s -w' -o "/tmp/$program" "./cmd/$program"; \
      gzip -9 -n -c "/tmp/$program" > "cmd/slipway/payload/$program.gz"; \
    done; \
    go build -ldflags "-s -w -X main.version=$VERSION" -o /slipway ./cmd/slipway

FROM ${BASE_RUNTIME}
# git takes pushes and fetches sources, ssh fetches those behind deploy keys,
# curl is for the health checks.
RUN set -eu; for tool in git ssh curl; do command -v "$tool" >/dev/null || missing=yes; done; \
    if [ -n "${missing:-}" ]; then \
      apt-get update; \
      apt-get install -y --no-install-recommends ca-certificates curl git openssh-client; \
      rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=build /slipway /usr/local/bin/slipway
# The server speaks to the engine's socket, and so is root here as it would be
# outside; see docs/security.md.
ENV SLIPWAY_DATA=/var/lib/slipway
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8000/healthz"]
ENTRYPOINT ["slipway"]
CMD ["server"]
