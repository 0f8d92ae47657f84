# make run   starts the product on embedded SQLite; needs Go and nothing else
# make quick formatting, go vet and the tests that need nothing but Go, in a minute
# make test  installs what the tests need, then runs the linters and all tests
# make client  writes the types of the TypeScript client anew, from api/openapi.json
# make mutants  switches off each guard that is listed beside the code, and fails when no test notices
# make neighbours  measures what one client can do to the others; make soak, what is left afterwards
# make crash  ends the product in the middle of its work, again and again, and counts what it has lost
# make lighthouse  how fast the app is on a phone, on a machine that does nothing else
# make test-reference  holds the client's tests to the real Better Auth server

.DEFAULT_GOAL := run
SHELL := bash
.PHONY: run build quick test mutants test-reference lighthouse neighbours soak crash screenshots deps client types fmt format lint bench clean

BIN := bin/vestibule

run: build
	$(BIN) serve

build:
	go build -trimpath -o $(BIN) ./cmd/vestibule

# What one runs all day: it needs Go and nothing else, no C compiler either. Every test
# that needs more says so and is left out (internal/quicktest). Packages in which nothing
# has changed are not tested again.
quick: format
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go test -short -p 3 -vet=off ./...

# SQLite is C that was translated to Go. The race detector makes it seven times slower,
# and can find nothing in it: it has locks of its own, and the memory that it works on is
# outside Go's heap. So this one package is compiled without. All of our code has the
# detector, up to its calls of the driver, and so have the driver and its C library: they
# share generic code of Go's, such as sync.Map, with everything else, and the linker
# keeps one copy of that.
RACE := -race -gcflags='modernc.org/sqlite/lib=-race=false'

# -count=1: a cached result is no test. -p 3: three packages at a time keep two
# processors busy, as much of the time is waiting; more would have the databases that
# they start fight over a small machine. Those that take longest come first, beside the
# others; of its tests, which mostly wait, four run at a time.
# What failed is said once more at the end: the logs of the product under test are long.
test: deps lint
	@mkdir -p bin; set -o pipefail; \
	go test $(RACE) -count=1 -p 3 -parallel 4 -timeout 20m ./e2e ./bff ./store/... ./cmd/vestibule ./api ./... 2>&1 | tee bin/test.log || { \
	printf '\nwhat failed (the whole of it: bin/test.log):\n'; \
	grep -E '^ *--- FAIL|^ +[a-zA-Z_]+_test\.go:[0-9]+: |^panic: |^WARNING: DATA RACE|^FAIL|^# ' bin/test.log | cut -c1-400 | tail -n 80; exit 1; }

# Not part of the tests: it takes half an hour. internal/mutants says how a list is written.
mutants: deps
	go run ./internal/mutants

# The official client's tests against the real Better Auth server, to know that
# they ask for what that does.
test-reference: deps
	go test -tags reference -count=1 -v -run '^TestReference' ./e2e

# What one client can do to the others, in half an hour; on a machine that does nothing
# else. BINARY=path measures another build. It writes a section of docs/benchmarks.md.
neighbours: deps
	go test -tags neighbours -count=1 -v -timeout 90m -run '^TestNeighbours$$' ./e2e/neighbours -args -report $(if $(BINARY),-binary $(abspath $(BINARY)))

# All attacks at a tenth of their strength for ten minutes on each engine: what the
# product holds returns to where it began.
soak: deps
	go test -tags neighbours -count=1 -v -timeout 60m -run '^TestSoak$$' ./e2e/neighbours

# Ends the product in the middle of its work, by kill, by loss of power and by a full
# disk, and counts what was acknowledged. It mounts file systems: Linux, as root.
crash: deps
	go test -tags crash -count=1 -v -timeout 20m -run '^(TestAKillLosesNothing|TestALossOfPowerLosesNothing|TestAFullDiskRefusesAndRecovers|TestThePowerFileSystemLosesWhatWasNotSynced)$$' ./e2e | grep -v '^=== '

# How fast the app is on a phone, as Lighthouse reckons it; on a machine that does nothing else.
lighthouse: deps
	go test -tags lighthouse -count=1 -v -run '^TestPerformanceInLighthouse$$' ./e2e

# Pictures of every page of the app, for the README.
screenshots: deps
	SCREENSHOTS=true go test -count=1 -run '^TestEveryPageInBothSchemes$$' ./e2e

deps:
	e2e/install.sh

# A property with a default need not be sent.
client: deps
	e2e/client/node_modules/.bin/openapi-typescript api/openapi.json -o bff/spa/client/openapi.d.ts --default-non-nullable=false

# The JavaScript that browsers are sent, held to its types.
types: deps
	e2e/client/node_modules/.bin/tsc -p bff/spa

fmt:
	gofmt -w $$(git ls-files '*.go')

# The linter has a go.mod of its own, so that the product's lists only what the
# product is made of.
lint: types format
	go vet ./...
	go tool -modfile=lint.mod staticcheck ./...
	go mod verify
	go mod tidy -diff

format:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi

bench: build
	go build -o bin/bench ./bench
	bin/bench

clean:
	rm -rf bin
