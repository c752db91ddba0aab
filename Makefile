# The two commands of the README are `make demo` and `make test`; each does all its own set-up.
PEOPLE ?= 20000
YEARS  ?= 5
SEED   ?= 7
# The demo's people are invented, so its key is no secret: with it the demo comes out the same on every machine.
KEY    ?= 1842184218421842184218421842184218421842184218421842184218421842
PORT   ?= 8000
DEMO   ?= var/demo
WORKERS ?= 2
W := .venv/bin/washhouse
BENCHES := bench-city bench-linkage bench-linkage-public bench-crisis bench-desk bench-identify bench-features bench-engines bench-rescore \
    bench-serving bench-supervision bench-ingest bench-record bench-faults bench-fhir bench-crashes

.PHONY: help install dev demo demo-data test check format bench $(BENCHES) vendor lock reference clean

help:            ## what can be made
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 18

install:         ## the locked packages that the product needs, in .venv
	@scripts/install run

dev:             ## those, and what checks and tests need
	@scripts/install dev

demo-data: install ## an invented city of 20,000 as one linked record in var/demo
	@test -e $(DEMO)/city/.made || { rm -rf $(DEMO); mkdir -p $(DEMO); \
	    $(W) city --people $(PEOPLE) --years $(YEARS) --seed $(SEED) --out $(DEMO)/city && touch $(DEMO)/city/.made; }
	@test -e $(DEMO)/home/vault || { mkdir -p -m 700 $(DEMO)/home/vault; umask 077; \
	    echo $(KEY) > $(DEMO)/home/vault/master.key; echo 'invented = true' > $(DEMO)/home/washhouse.toml; }
	@$(W) run --home $(DEMO)/home --inbox $(DEMO)/city/extracts

demo: demo-data  ## that, served with demo users until stopped
	@$(W) serve --home $(DEMO)/home --demo --port $(PORT)

test: dev        ## all tests, browser and PostgreSQL included
	@scripts/warm & scripts/install outside && \
	    scripts/install-debian chromium fonts-liberation postgresql openjdk-17-jre-headless libgomp1 && wait
	@.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal

check: dev       ## style, types, layers, locks
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@! grep -nE 'https?://|--(extra-)?index-url' requirements*.lock

format: dev      ## put the code into the house style
	@.venv/bin/ruff check --fix-only . && .venv/bin/ruff format .

bench: $(BENCHES) ## every benchmark; the last two need npm, and root

bench-city: dev  ## making a city of 100,000: seconds, memory, oracle
	@.venv/bin/python bench/city.py

bench-linkage: dev ## linkage beside Splink and exact matching, on the invented city
	@.venv/bin/python bench/linkage.py
	@.venv/bin/python bench/linkage_speed.py
	@.venv/bin/python bench/linkage_views.py

bench-linkage-public: dev ## ONS census and CIS, FEBRL 3 and 4 beside Splink, on the same pairs
	@.venv/bin/python bench/linkage_public.py

bench-crisis: dev  ## crisis models beside the oracle, on the invented city
	@.venv/bin/python bench/crisis.py

bench-desk: dev  ## audit and reveal: rows a second, milliseconds
	@.venv/bin/python bench/desk.py

bench-identify: dev ## one record, and 1,000 at once, against a million: milliseconds
	@.venv/bin/python bench/identify.py

bench-features: dev ## 200 windowed features beside a scan of the same files, Polars and meds_reader
	@scripts/install outside
	@.venv/bin/python bench/features.py
	@.venv/bin/python bench/features.py --people 200000 --buckets 10 --meds

bench-engines: dev ## a run by Spark on this machine beside one process, every table compared
	@.venv/bin/python bench/engines.py

bench-rescore: dev demo-data ## scoring everybody anew for every outcome, and fitting the crisis model
	@.venv/bin/python bench/rescore.py --home $(DEMO)/home --folder $(DEMO)

bench-serving: dev demo-data ## one person raw and as a page, at rest and while a run goes on
	@.venv/bin/python bench/serving.py --home $(DEMO)/home --extracts $(DEMO)/city/extracts --workers $(WORKERS) --folder $(DEMO)

bench-supervision: dev demo-data ## an agenda of a full caseload, the workload of a team
	@.venv/bin/python bench/supervision.py $(DEMO)/home

bench-ingest: dev ## landing a batch beside DuckDB's bare copy to Parquet
	@.venv/bin/python bench/ingest.py

bench-fhir: dev  ## an export's resources before npm's validator (needs npm)
	@.venv/bin/python bench/fhir_outside.py

bench-record: dev ## how each part grows with the city, at 10,000 and 100,000 people
	@.venv/bin/python bench/record.py

bench-faults: dev ## 66 kinds of fault in every importer's files, and 100,000 fuzzed lines of each
	@.venv/bin/python bench/faults.py --fuzz 100000

bench-crashes: dev ## 60 kills at random moments and 12 full disks: what is left, and the next run (disks need root)
	@RANDOM_KILLS=60 FULL_DISKS=12 .venv/bin/python -m pytest -n $(WORKERS) tests/integration/pipeline/test_killed_runs.py -k "random or disk"

vendor: dev      ## fetch the vendored browser assets again (needs npm)
	@.venv/bin/python scripts/vendor.py

lock: dev        ## write the hash-locked requirement files anew
	@scripts/lock

reference: dev   ## write the generated reference pages anew
	@.venv/bin/python scripts/reference.py

clean:           ## forget the demo and caches
	@rm -rf var .mypy_cache .pytest_cache .ruff_cache build dist
