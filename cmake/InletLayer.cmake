# inlet_layer(NAME SOURCES ... [TESTS ...] [USES layers ...] [LINKS libraries ...])
#
# One folder of src/ as a static library inlet_<name>, with its unit tests as one
# program <name>_test. USES names the only layers whose headers it may include;
# scripts/check_includes reads the same lines. LINKS are third-party libraries.
function(inlet_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;USES;LINKS" ${ARGN})
  add_library(inlet_${name} STATIC ${ARG_SOURCES})
  target_include_directories(inlet_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES PREPEND inlet_ OUTPUT_VARIABLE uses)
  target_link_libraries(inlet_${name} PUBLIC ${uses} ${ARG_LINKS} Threads::Threads)
  if(ARG_TESTS)
    inlet_test(${name}_test SOURCES ${ARG_TESTS} LINKS inlet_${name})
  endif()
endfunction()

# inlet_test(NAME SOURCES ... LINKS ... [ARGS ...]): one test program, one line of ctest.
function(inlet_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;ARGS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest GTest::gmock_main)
  target_compile_definitions(${name} PRIVATE INLET_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  inlet_test_environment(${name})
endfunction()

# What every test program needs of its environment.
function(inlet_test_environment name)
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=1;LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0;TZ=UTC"
    TIMEOUT 900)
endfunction()

# inlet_layer_part(LAYER SOURCES ... [TESTS ...] [LINKS ...]): a sub-folder that belongs to a layer.
# Call it from the sub-folder's own CMakeLists.txt, after inlet_layer().
function(inlet_layer_part layer)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;LINKS" ${ARGN})
  target_sources(inlet_${layer} PRIVATE ${ARG_SOURCES})
  target_link_libraries(inlet_${layer} PUBLIC ${ARG_LINKS})
  if(ARG_TESTS)
    target_sources(${layer}_test PRIVATE ${ARG_TESTS})
  endif()
endfunction()
