# One word does each thing; CMakePresets.json has the flags.
PRESET ?= dev
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)

.PHONY: all configure test sql interop hostile random fmt check bench install deb clean

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
