# The project's commands; `make` alone lists them.
#
# Only Go, make and git are needed. The tools and the control plane are built
# once from their published Go modules and kept in CACHE_DIR, outside the
# checkout, so a fresh clone does not build them again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
IMG       ?= liveroom-operator:$(VERSION)
KUBECTL   ?= kubectl
CACHE_DIR ?= $(or $(LIVEROOM_CACHE_DIR),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/liveroom-operator)

# Which kustomization `deploy` applies: default (cluster-wide) or another one
# under config/.
OVERLAY ?= default

# The race detector needs a C compiler on Linux. Without one the tests still run.
HAVE_CC := $(shell command -v "$$(go env CC)" 2>/dev/null)
RACE    ?= $(if $(HAVE_CC),-race)

# Long enough for a slow machine, short enough to end a test that hangs.
TEST_TIMEOUT ?= 15m
# Stories wait more than they work, so more of them than cores run at once.
TEST_PARALLEL ?= 4

# What is generated, and must be committed as it is generated.
GENERATED := 'api/*/zz_generated.*.go' config/crd/bases config/rbac/role.yaml config/webhook/base/role.yaml

# The Go modules of this repository.
MODULES := . hack/controlplane/build hack/tools hack/tools/golangci-lint internal/sim/im/conformance internal/wechat/oracle

# The tools are kept by what pins them: another hack/tools/go.sum or another Go
# is another directory. A tool appears under its name only when it is whole.
TOOLS          := $(CACHE_DIR)/tools/$(shell (go env GOVERSION; cat hack/tools/go.mod hack/tools/go.sum) | git hash-object --stdin | cut -c 1-12)
LINT_TOOLS     := $(CACHE_DIR)/tools/$(shell (go env GOVERSION; cat hack/tools/golangci-lint/*) | git hash-object --stdin | cut -c 1-12)
CONTROLLER_GEN := $(TOOLS)/controller-gen
KUSTOMIZE      := $(TOOLS)/kustomize
GOLANGCI_LINT  := $(LINT_TOOLS)/golangci-lint

# $(call build-tool,module directory,package)
define build-tool
@echo "make: building $(@F), once" >&2
@mkdir -p '$(@D)'
@cd $(1) && GOFLAGS= GOOS= GOARCH= CGO_ENABLED=0 go build -buildvcs=false -o '$@.'$$$$ $(2) && mv '$@.'$$$$ '$@'
endef

$(CONTROLLER_GEN):
	$(call build-tool,hack/tools,sigs.k8s.io/controller-tools/cmd/controller-gen)

$(KUSTOMIZE):
	$(call build-tool,hack/tools,sigs.k8s.io/kustomize/kustomize/v5)

$(GOLANGCI_LINT):
	$(call build-tool,hack/tools/golangci-lint,.)

##@ General

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make <target>"} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

##@ Development

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Write the deep-copy functions of the API types
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Write the CRDs and the RBAC roles from the markers in the code
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=liveroom-operator-manager paths=./controllers/... output:rbac:artifacts:config=config/rbac
	$(CONTROLLER_GEN) rbac:roleName=liveroom-operator-webhook paths=./webhook/... output:rbac:artifacts:config=config/webhook/base

.PHONY: fmt
fmt: ## Format the Go code
	gofmt -s -w .

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run golangci-lint, with the Kubernetes API linter over api/
	$(GOLANGCI_LINT) run ./...

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Run golangci-lint and repair what it can
	$(GOLANGCI_LINT) run --fix ./...

.PHONY: tidy
tidy: ## Tidy every module
	@for module in $(MODULES); do echo "go mod tidy: $$module"; (cd $$module && go mod tidy) || exit 1; done

.PHONY: verify
verify: verify-generated verify-format verify-modules verify-kustomize ## Fail when anything generated is stale or unformatted

.PHONY: verify-generated
verify-generated: generate manifests
	@changed="$$(git status --porcelain -- $(GENERATED))"; \
	if [ -n "$$changed" ]; then \
		git --no-pager diff -- $(GENERATED); \
		printf '%s\nThe files above are not as generated: commit what make generate manifests has just written.\n' "$$changed"; \
		exit 1; \
	fi

.PHONY: verify-format
verify-format:
	@files="$$(gofmt -s -l .)"; \
	if [ -n "$$files" ]; then printf '%s\nThe files above are not formatted: run make fmt.\n' "$$files"; exit 1; fi
	@files="$$(git ls-files -co --exclude-standard -- '*.go' | xargs grep -L 'Licensed under the Apache License')"; \
	if [ -n "$$files" ]; then printf '%s\nThe files above lack the license header of hack/boilerplate.go.txt.\n' "$$files"; exit 1; fi

.PHONY: verify-modules
verify-modules:
	@for module in $(MODULES); do \
		(cd $$module && go mod tidy -diff) || { echo "go.mod or go.sum of $$module is not tidy: run make tidy."; exit 1; }; \
	done

# A component (kind: Component) is built by the overlays that use it.
.PHONY: verify-kustomize
verify-kustomize: $(KUSTOMIZE)
	@find config -name kustomization.yaml | sort | while read -r file; do \
		grep -q '^kind: Component' "$$file" && continue; \
		$(KUSTOMIZE) build "$$(dirname "$$file")" > /dev/null || { echo "kustomize cannot build $$file."; exit 1; }; \
	done

##@ Build and test

.PHONY: build
build: ## Build the operator into bin/
	CGO_ENABLED=0 go build -trimpath -pgo webhook.pgo -ldflags '-s -w -X main.version=$(VERSION)' -o bin/liveroom-operator .

.PHONY: controlplane
controlplane: ## Get etcd and kube-apiserver (cached, downloaded, or built once in some minutes) and print where they are
	@go run ./hack/controlplane

.PHONY: test
test: ## Run all tests, with a real API server and the race detector (TESTFLAGS adds flags)
	$(if $(RACE),,@echo "make: no C compiler, so the tests run without the race detector" >&2)
	@assets="$$(go run ./hack/controlplane)" && export KUBEBUILDER_ASSETS="$$assets" && set -x && \
		(cd internal/sim/im/conformance && go test $(RACE) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...) && \
		(cd internal/wechat/oracle && go test $(RACE) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...) && \
		go test $(RACE) -parallel $(TEST_PARALLEL) -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...

.PHONY: bench
bench: ## Measure controller, webhook and relay against floors of the same machine (BENCHFLAGS, CALLBACKBENCHFLAGS, RELAYBENCHFLAGS add flags)
	go run ./hack/bench $(BENCHFLAGS)
	go run ./hack/callbackbench $(CALLBACKBENCHFLAGS)
	go run ./hack/relaybench $(RELAYBENCHFLAGS)

.PHONY: docker-build
docker-build: ## Build the container image IMG
	docker build --build-arg VERSION=$(VERSION) -t $(IMG) .

.PHONY: clean
clean: ## Remove what was built in the checkout (the cache stays)
	rm -rf bin

.PHONY: clean-cache
clean-cache: ## Remove the cached tools and control plane
	rm -rf '$(CACHE_DIR)/tools' '$(CACHE_DIR)/controlplane'

##@ Try and deploy

.PHONY: demo
demo: ## Show it all on this machine: API server, simulated IM, the real controller and webhook (ONCE=1: check and end)
	go run ./hack/demo $(if $(ONCE),--once)

.PHONY: run
run: ## Run the controller from source against the cluster of KUBECONFIG (ARGS adds flags)
	go run . controller $(ARGS)

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs into the cluster of KUBECONFIG
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs, and with them every object of these kinds
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found -f -

# The image is set in a throwaway overlay, so that a deployment leaves the
# checkout as it is.
.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy the operator with image IMG (OVERLAY names the kustomization under config/)
	@mkdir -p bin/deploy
	@printf 'resources: [../../config/%s]\n' '$(OVERLAY)' > bin/deploy/kustomization.yaml
	@cd bin/deploy && $(KUSTOMIZE) edit set image liveroom-operator=$(IMG)
	$(KUSTOMIZE) build bin/deploy | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Remove the operator and the CRDs
	$(KUSTOMIZE) build config/$(OVERLAY) | $(KUBECTL) delete --ignore-not-found -f -
