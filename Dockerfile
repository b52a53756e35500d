# The toolchain runs on the builder's own platform and cross-compiles, so that
# images for other platforms need no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
WORKDIR /src

# Modules first: they change less often than the sources, and this layer is kept.
COPY go.mod go.sum ./
RUN go mod download

# .dockerignore lets through nothing but the sources.
COPY . .

ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -pgo webhook.pgo -ldflags "-s -w -X main.version=${VERSION}" -o /out/liveroom-operator .

# Nothing but certificates, time zones and the binary; no shell, no root.
FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/liveroom-operator /liveroom-operator
USER 65532:65532
ENTRYPOINT ["/liveroom-operator"]
