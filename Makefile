# make run             starts Vestibule on embedded SQLite; needs only Go
# make quick           formatting, go vet and the tests that need only Go, in a minute
# make test            installs what the tests need, then runs the linters and all tests
# make bench           measures Vestibule beside other programs, in more than an hour
# make bench-quick     compares the speed of two commits, in two minutes
# make profile         shows where the time of a request goes, in a minute
# make release         builds the archives of a release in dist/
# make client          generates the types of the TypeScript client from api/openapi.json
# make mutants         disables each guard of the lists, and fails if no test notices
# make neighbours      measures how much one client can slow down the others
# make soak            checks that a long attack leaves nothing behind
# make cluster         runs a cluster through deploys and outages under load
# make crash           kills Vestibule during its work and counts what was lost
# make lighthouse      measures the app on a phone; needs a machine that does nothing else
# make test-reference  runs the client's tests against the real Better Auth server

.DEFAULT_GOAL := run
SHELL := bash
.PHONY: run build release quick test mutants test-reference lighthouse neighbours soak cluster crash screenshots deps client types fmt format lint vet bench bench-quick profile clean

BIN := bin/vestibule

run: build
	$(BIN) serve

build:
	go build -trimpath -o $(BIN) ./cmd/vestibule

# Archives for six platforms, their sums and bills of materials. It needs a clone without
# uncommitted changes. The tag of the commit is the version. internal/release says more.
release:
	go mod verify
	rm -rf dist
	go run ./internal/release

# For daily work. It needs only Go, and no C compiler. Tests that need more are skipped
# and say so (internal/quicktest). Unchanged packages are not tested again.
quick: format
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go test -short -p 3 -vet=off ./...

# The SQLite library is C that was translated to Go. The race detector makes it seven
# times slower and can find nothing in it: SQLite has its own locks, and its memory is
# outside Go's heap. So this one package is compiled without the detector. Our code has
# it, and so do the driver and its C library: they share generic code such as sync.Map
# with all other packages, and the linker keeps only one copy of that code. But they have no
# checks of unsafe pointers (checkptr), which come with -race and can find nothing outside
# Go's heap either. These took 7 % of the time of a test on SQLite.
RACE := -race -gcflags='modernc.org/...=-d=checkptr=0' -gcflags='modernc.org/sqlite/lib=-race=false'

# The detector's own memory is four times the program's, and is touched page by page. Each
# page is a fault, and on two processors a message from one to the other. Large pages halve
# the system time of a test, and save a third of all its processor time.
# A program with the detector also sleeps for a second when it ends, in case a goroutine still
# writes somewhere. A tenth of that does.
test: export GORACE := no_huge_pages_for_shadow=0 atexit_sleep_ms=100

# -count=1 disables cached results. -p 3: tests wait much of the time, so three packages
# keep two processors busy. More packages would start too many databases for a small
# machine. The slowest packages and those that wait most come first. -ldflags=-w leaves out the tables for debuggers,
# which take most of a linker's time. -parallel 3 (and one more in e2e): with more, the
# product's own time limits pass on two busy processors. -vet=off: lint has vetted them.
# -timeout is for each package, and long, because a busy machine is no failure. The failures
# are repeated at the end, because the logs are long.
test: deps lint
	@mkdir -p bin; set -o pipefail; \
	go test $(RACE) -ldflags=-w -count=1 -vet=off -p 3 -parallel 3 -timeout 40m ./e2e ./store/db ./bff ./store/tasks ./cmd/vestibule ./internal/doctor ./internal/web ./bff/mail ./internal/daemon ./api ./bench ./... 2>&1 | tee bin/test.log || { \
	printf '\nfailures (full log: bin/test.log):\n'; \
	grep -E '^ *--- FAIL|^ +[a-zA-Z_]+_test\.go:[0-9]+: |^panic: |^WARNING: DATA RACE|^FAIL|^# ' bin/test.log | cut -c1-400 | tail -n 80; exit 1; }

# Not part of make test, because it takes half an hour. internal/mutants describes the lists.
mutants: deps
	go run ./internal/mutants

# Runs the official client's tests against the real Better Auth server. This proves that
# they expect what that server does.
test-reference: deps
	go test -tags reference -count=1 -v -run '^TestReference' ./e2e

# Measures how much one client can slow down the others, in half an hour, on a machine
# that does nothing else. BINARY=path measures another build. It writes a section of
# docs/benchmarks.md.
neighbours: deps
	go test -tags neighbours -count=1 -v -timeout 90m -run '^TestNeighbours$$' ./e2e/neighbours -args -report $(if $(BINARY),-binary $(abspath $(BINARY)))

# Runs all attacks at a tenth of their strength for ten minutes on each engine. Memory,
# open files and goroutines must return to where they began.
soak: deps
	go test -tags neighbours -count=1 -v -timeout 60m -run '^TestSoak$$' ./e2e/neighbours

# Three BFFs and two APIs behind HAProxy on one PostgreSQL, with 50 users who send 200 requests
# a second and check every answer. It restarts, kills and cuts off each part in turn.
cluster: deps
	go test -tags cluster -count=1 -v -p 1 -parallel 1 -timeout 90m -run '^(TestTheClusterServesThroughRestarts|TestAnEndIsSeenAtEveryInstance|TestAnEndIsSeenWithoutNotifications|TestALiveSessionCostsPostgreSQLNothing|TestInstancesShareWhatTheyCountAndTell|TestWhatSessionsCostPostgreSQL|TestAProxiedRequestCostsTheSameOnBothEngines)$$' ./e2e | grep -v '^=== '

# Stops Vestibule during its work by kills, power cuts and full disks, and counts which
# acknowledged writes were lost. It mounts file systems, so it needs Linux and root.
crash: deps
	go test -tags crash -count=1 -v -timeout 20m -run '^(TestAKillLosesNothing|TestALossOfPowerLosesNothing|TestAFullDiskRefusesAndRecovers|TestThePowerFileSystemLosesWhatWasNotSynced)$$' ./e2e | grep -v '^=== '

# Measures with Lighthouse how fast the app is on a phone. It needs a machine that does
# nothing else.
lighthouse: deps
	go test -tags lighthouse -count=1 -v -run '^TestPerformanceInLighthouse$$' ./e2e

# Pictures of every page of the app, for the README.
screenshots: deps
	SCREENSHOTS=true go test -count=1 -run '^TestEveryPageInBothSchemes$$' ./e2e

deps:
	e2e/install.sh

# Clients may omit a property that has a default.
client: deps
	e2e/client/node_modules/.bin/openapi-typescript api/openapi.json -o bff/spa/client/openapi.d.ts --default-non-nullable=false

# Checks the types of the JavaScript for browsers.
types: deps
	e2e/client/node_modules/.bin/tsc -p bff/spa

fmt:
	gofmt -w $$(git ls-files '*.go')

# The linter has a separate go.mod, so that the product's go.mod lists only what the
# product uses.
# What vet compiles has the form of a release, so the tests of releases need not compile it
# again. Two of the three parts run at a time, because most of each uses one processor.
lint: export CGO_ENABLED = 0
lint: export GOFLAGS = -trimpath -buildvcs=false
lint:
	$(MAKE) --no-print-directory -j 2 -O types format vet

vet:
	go mod tidy -diff
	go vet ./...
	go tool -modfile=lint.mod staticcheck ./...
	go build -modfile=lint.mod -o bin/lint internal/lint/main.go
	go vet -vettool=$(CURDIR)/bin/lint ./...

format:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi

# Measures Vestibule beside other programs, in more than an hour, on a machine that does
# nothing else. It writes docs/benchmarks.md and the README's chart. PARTS=split,serve
# measures some parts and writes only theirs; bin/bench -help has more.
bench: build
	bench/install.sh
	go build -o bin/bench ./bench
	bin/bench -write $(if $(PARTS),-only $(PARTS))

# Compares two commits in about two minutes: BASE, and COMMIT or HEAD.
BASE ?= HEAD~1
COMMIT ?= HEAD
bench-quick:
	go build -o bin/bench ./bench
	bin/bench -base $(BASE) -commit "$(COMMIT)" -connections 32 -rounds 7 -duration 3s -tries 2

# Shows where the time of a request goes: through bff, and through serve.
profile:
	go build -o bin/bench ./bench
	for part in split serve; do \
		bin/bench -profile bin/$$part.pprof -connections 32 -duration 20s -only $$part && \
		go tool pprof -top -cum bin/$$part.pprof | head -n 60 || exit 1; \
	done

clean:
	rm -rf bin
