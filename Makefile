# One word does each thing; CMakePresets.json has the flags.
PRESET ?= dev
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)

SECONDS ?= 60

.PHONY: all configure test sql interop hostile random sim fuzz fmt check bench install deb clean

all: configure
	cmake --build $(BUILD) -j $(JOBS)

configure: $(BUILD)/build.ninja

$(BUILD)/build.ninja: CMakeLists.txt CMakePresets.json cmake/*.cmake
	cmake --preset $(PRESET)

# make test            every test
# make test T=delta    those whose name matches
test: all
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) $(if $(T),-R $(T))

# make sql F=read_files   the .test files whose path matches
sql: configure
	cmake --build $(BUILD) -j $(JOBS) --target sql_test
	$(BUILD)/test/sql/sql_test $(F)

# make interop: every reader of our tables, Apache Spark too (the everyday run has the others)
interop: configure
	cmake --build $(BUILD) -j $(JOBS) --target inlet
	test/interop/run $(CURDIR)/$(BUILD)/inlet deltalake duckdb spark

# make hostile: every malformed file through SQL, the big ones too, under limits of time and memory
hostile:
	$(MAKE) PRESET=release all
	python3 test/hostile/hostile_sql.py --inlet build/release/inlet

# make random N=500: random statements on N tables, judged after each
random: configure
	cmake --build $(BUILD) --target inlet
	test/interop/random $(CURDIR)/$(BUILD)/inlet --tables $(or $(N),100)

# Every crash point of every flow, and 200 kills of the program.
sim: all
	INLET_SIM=long ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -L 'sim|system'

# make fuzz            every parser, SECONDS=60 each, under the sanitizers
# make fuzz T=csv      one of them
fuzz:
	$(MAKE) PRESET=ci configure
	cmake --build build/ci -j $(JOBS) --target fuzz_targets
	build/ci/fuzz/fuzz_targets -s $(SECONDS) $(if $(T),-t $(T))

fmt:
	git ls-files '*.h' '*.cc' | xargs clang-format-14 -i

check:
	git ls-files '*.h' '*.cc' | xargs clang-format-14 --dry-run --Werror
	python3 scripts/check_includes.py

bench:
	$(MAKE) PRESET=release all
	python3 bench/run.py

# make install PREFIX=/opt/inlet: the program and its libraries, in a tree that can be moved
install:
	$(MAKE) PRESET=release all
	cmake --install build/release --prefix $(or $(PREFIX),build/inlet) --component inlet

deb:
	$(MAKE) PRESET=release all
	cd build/release && cpack -G DEB

clean:
	rm -rf build
