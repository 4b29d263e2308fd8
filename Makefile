# `make` alone lists what there is to do.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One set of build flags for programs, tests and test images, so that they all
# share one build cache. The linker's flags cost nothing there.
export CGO_ENABLED := 0
export GOFLAGS := $(GOFLAGS) -buildvcs=false
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STRIP   := -ldflags '-s -w'
LDFLAGS := -ldflags '-s -w -X main.version=$(VERSION)'

# Turns what `go build -v` says into a line now and then; errors pass.
COUNT   := awk '/^[^ :\#]+$$/ {if (++n % 200 == 0) print "  " n " packages compiled"; next} {print}'

TEST_FLAGS ?= -p 2 -timeout 30m
# Tests packages; after a failure the names of what failed come last.
go_test = @mkdir -p bin; go test $(TEST_FLAGS) $(1) 2>&1 | tee bin/$@.log | { grep --line-buffered -v 'no test files' || true; } || \
	{ printf '\nFailed (all of it is in bin/$@.log):\n'; grep -E '^ *--- FAIL|^FAIL.*[/[]' bin/$@.log; exit 1; }

LINTER     := bin/golangci-lint
PAYLOAD    := $(patsubst %,cmd/slipway/payload/%.gz,slipway-router slipway-static slipway-hook)
UI_SOURCES := $(shell find web/src web/public web/scripts -type f 2>/dev/null) web/index.html web/package.json web/vite.config.ts web/tsconfig.json

##@ Try it
.PHONY: demo down
demo: ## Set up what is missing, start Slipway and deploy an example (DETACH=1 returns)
	@scripts/setup.sh demo
	@$(MAKE) --no-print-directory build
	@DETACH='$(DETACH)' EXAMPLE='$(EXAMPLE)' scripts/demo.sh up

down: ## Stop all that the demo started (PURGE=1 deletes its data too)
	@PURGE='$(PURGE)' scripts/demo.sh down

##@ Build
.PHONY: build ui payload image setup clean FORCE
build: ui payload ## Build bin/slipway with the dashboard inside
	@echo 'Building bin/slipway $(VERSION) (some minutes the first time)'
	@go build -v $(LDFLAGS) -o bin/slipway ./cmd/slipway 2>&1 | $(COUNT)

ui: web/dist/index.html ## Build the dashboard if it is older than its source

web/dist/index.html: web/node_modules/.installed $(UI_SOURCES)
	@echo 'Building the dashboard'
	@mkdir -p bin
	@npm --prefix web run --silent build > bin/ui.log 2>&1 || { cat bin/ui.log; exit 1; }
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	@echo 'Installing the packages of $*'
	@npm --prefix $* ci --no-fund --no-audit --loglevel=error
	@touch $@

payload: $(PAYLOAD) ## Build the small programs that bin/slipway carries

# Go knows best what a program depends on; what comes out unchanged stays, so
# that bin/slipway need not be linked again.
cmd/slipway/payload/%.gz: FORCE
	@go build $(STRIP) -o bin/payload/$* ./cmd/$*
	@if ! gzip -dc $@ 2>/dev/null | cmp -s - bin/payload/$*; then echo 'Packing $*'; gzip -9 -n -c bin/payload/$* > $@; fi

image: ## Build the image slipway (BASES=local: from scripts/local-bases.sh)
	@DOCKER_BUILDKIT=$(if $(BASES),0,1) docker build --network host -t slipway --build-arg VERSION=$(VERSION) \
	  $(if $(BASES),$(foreach base,GO NODE RUNTIME,--build-arg BASE_$(base)=slipway-base/$(shell echo $(base) | tr A-Z a-z))) .

setup: ## Install what building and testing need, and start a container engine
	@scripts/setup.sh demo test

clean: ## Delete what was built
	rm -rf bin test-results cmd/slipway/payload/*.gz
	find web/dist -mindepth 1 ! -name .gitkeep -delete

##@ Check
.PHONY: test test-go test-ui test-e2e chaos lint lint-go lint-ui fmt
test: ## Install what the tests need and run all of them
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory test-ui
	@$(MAKE) --no-print-directory test-go
	@$(MAKE) --no-print-directory test-e2e
	@echo 'All tests passed.'

test-go: payload ## Go tests: unit, and integration with the engine, Postgres and git
	@echo 'Go tests'
	$(call go_test,$$(go list ./... | grep -v /e2e))

# On each test bed: the driver's tests, and what users do, end to end. ONLY=regexp
# picks some of the driver's.
on_bed = go test $(TEST_FLAGS) -tags $(1) -count=1 -parallel $(2) $(if $(ONLY),-run '$(ONLY)') ./deployer/$(1)$(if $(ONLY),, && \
	go test $(TEST_FLAGS) -tags $(1) -count=1 -run '^Test.*On$(3)$$' ./e2e)

.PHONY: test-swarm test-kubernetes
test-swarm test-kubernetes: export SLIPWAY_BIN := $(CURDIR)/bin/slipway
test-swarm: build e2e/node_modules/.installed ## On a real Docker Swarm of three nodes (as root)
	@echo 'Tests on a Docker Swarm'
	@scripts/testbed/swarm.sh run $(SHELL) -euc "$(call on_bed,swarm,3,Swarm)"

test-kubernetes: build e2e/node_modules/.installed ## On a real Kubernetes node, built from source (as root; 12 CPU minutes once)
	@echo 'Tests on Kubernetes'
	@scripts/testbed/kubernetes.sh run $(SHELL) -euc "$(call on_bed,kubernetes,4,Kubernetes)"

test-ui: web/node_modules/.installed ## The dashboard's linter and tests
	@echo 'Dashboard tests'
	@npm --prefix web run --silent lint
	@npm --prefix web test --silent

test-e2e: export SLIPWAY_BIN := $(CURDIR)/bin/slipway
test-e2e: build e2e/node_modules/.installed ## End to end: real git, real browser
	@echo 'End-to-end tests: from outside'
	$(call go_test,./e2e/...)
	@echo 'End-to-end tests: in a browser'
	@npm --prefix e2e test --silent

ROUNDS ?= 1
SEED   ?= 1
chaos: payload ui ## Break Slipway on purpose: ROUNDS=N runs, SEED=S repeats one, ONLY=regexp picks
	@echo 'Faults: $(ROUNDS) round(s) with seed $(SEED)'
	@go test ./e2e/chaos -count=1 -v -timeout 0 -args -rounds=$(ROUNDS) -seed=$(SEED) -only='$(ONLY)'

lint: lint-go lint-ui ## Run the linters

lint-go: $(LINTER) ## golangci-lint, with the import layering
	@$(LINTER) run ./...

lint-ui: web/node_modules/.installed
	@npm --prefix web run --silent lint

$(LINTER): tools/go.mod tools/go.sum
	@echo 'Building golangci-lint (once; some minutes)'
	@go -C tools build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

##@ Measure
.PHONY: bench
REPEAT ?= 5
bench: ## Measure Slipway beside its peers (ONLY=router_rps,api_create REPEAT=9); bench/results.md
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@mkdir -p bin && go build -o bin/bench ./bench && exec bin/bench -only '$(ONLY)' -repeat '$(REPEAT)'

##@ Change
.PHONY: gen screenshots
gen: web/node_modules/.installed ## Generate the API's description and its Go and TypeScript clients
	@go test ./server/api -run TestDescription -count=1 -update
	@go -C client/tools run .
	@npm --prefix web run --silent gen

screenshots: export SLIPWAY_BIN := $(CURDIR)/bin/slipway
screenshots: build e2e/node_modules/.installed ## Pictures of every page: test-results/screenshots, and those of the docs
	@node e2e/browser/screenshots.mjs test-results/screenshots docs/images
	@echo 'Look at them in test-results/screenshots'

fmt: $(LINTER) web/node_modules/.installed ## Format Go and TypeScript
	@$(LINTER) fmt ./...
	@npm --prefix web run --silent format

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
