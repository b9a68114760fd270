# Third-party libraries, each as one imported target. The pinned artefacts lie
# under the prefix that deps/install prints; the rest are system packages.
execute_process(
  COMMAND ${CMAKE_SOURCE_DIR}/deps/install --prefix
  OUTPUT_VARIABLE INLET_DEPS_PREFIX
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT EXISTS ${INLET_DEPS_PREFIX})
  message(FATAL_ERROR "Third-party artefacts are missing: run deps/install first.")
endif()

function(inlet_imported name library include)
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${library})
  target_include_directories(${name} SYSTEM INTERFACE ${include})
endfunction()

inlet_imported(duckdb::duckdb ${INLET_DEPS_PREFIX}/duckdb/lib/libduckdb.so
               ${INLET_DEPS_PREFIX}/duckdb/include)
foreach(library arrow arrow_compute parquet arrow_s3)
  inlet_imported(arrow::${library} ${INLET_DEPS_PREFIX}/arrow/lib/lib${library}.so
                 ${INLET_DEPS_PREFIX}/arrow/include)
endforeach()
target_link_libraries(arrow::parquet INTERFACE arrow::arrow)
target_link_libraries(arrow::arrow_compute INTERFACE arrow::arrow)
target_link_libraries(arrow::arrow_s3 INTERFACE arrow::arrow)

find_package(PkgConfig REQUIRED)
foreach(module IN ITEMS
    fmt:fmt json:nlohmann_json sqlite:sqlite3 pcre2:libpcre2-8
    curl:libcurl sodium:libsodium expat:expat edit:libedit zstd:libzstd lz4:liblz4 lzma:liblzma
    zlib:zlib deflate:libdeflate crypto:libcrypto)
  string(REPLACE ":" ";" parts ${module})
  list(GET parts 0 name)
  list(GET parts 1 package)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${package})
  add_library(inlet_dep_${name} ALIAS PkgConfig::${name})
endforeach()
# These come without a pkg-config file.
foreach(name IN ITEMS bz2 snappy rocksdb roaring)
  find_library(INLET_LIB_${name} ${name} REQUIRED)
  add_library(inlet_dep_${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(inlet_dep_${name} INTERFACE ${INLET_LIB_${name}})
endforeach()
find_package(GTest REQUIRED)

# simdjson, built here under another namespace: Arrow's libraries export a simdjson of their own of
# another version, and the dynamic linker would mix the two.
add_library(inlet_dep_simdjson STATIC ${INLET_DEPS_PREFIX}/simdjson/simdjson.cpp)
target_include_directories(inlet_dep_simdjson SYSTEM PUBLIC ${INLET_DEPS_PREFIX}/simdjson)
target_compile_definitions(inlet_dep_simdjson PUBLIC simdjson=inlet_simdjson)
target_compile_options(inlet_dep_simdjson PRIVATE -O3 -w)
