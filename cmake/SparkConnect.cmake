# inlet_spark_connect_protocol: the generated code of the Spark Connect and Delta Connect messages,
# compiled once, without warnings, debug information and sanitizers. The definitions come from
# deps/install-spark-connect; nothing generated is checked in.
execute_process(
  COMMAND ${CMAKE_SOURCE_DIR}/deps/install-spark-connect --prefix
  OUTPUT_VARIABLE INLET_SPARK_CONNECT_PREFIX
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(descriptors ${INLET_SPARK_CONNECT_PREFIX}/descriptors.binpb)
if(NOT EXISTS ${descriptors})
  message(FATAL_ERROR "The definitions of Spark Connect are missing: run deps/install-spark-connect first.")
endif()
find_program(INLET_PROTOC protoc REQUIRED)
find_program(INLET_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
pkg_check_modules(protobuf REQUIRED IMPORTED_TARGET GLOBAL protobuf)
pkg_check_modules(grpc REQUIRED IMPORTED_TARGET GLOBAL grpc++)

set(messages
  spark/connect/base spark/connect/catalog spark/connect/commands spark/connect/common
  spark/connect/expressions spark/connect/ml spark/connect/ml_common spark/connect/pipelines
  spark/connect/relations spark/connect/types
  delta/connect/base delta/connect/commands delta/connect/relations
  google/rpc/error_details google/rpc/status)
set(generated ${CMAKE_BINARY_DIR}/spark_connect)
file(MAKE_DIRECTORY ${generated})
list(TRANSFORM messages APPEND .proto OUTPUT_VARIABLE protos)
list(TRANSFORM messages REPLACE "(.+)" "${generated}/\\1.pb.cc" OUTPUT_VARIABLE sources)
set(service ${generated}/spark/connect/base.grpc.pb.cc)
set(well_known ${generated}/well_known.binpb)
add_custom_command(
  OUTPUT ${sources} ${service}
  COMMAND ${INLET_PROTOC} -I ${protobuf_INCLUDEDIR} --include_imports --descriptor_set_out=${well_known}
          google/protobuf/any.proto google/protobuf/duration.proto google/protobuf/timestamp.proto
  COMMAND ${INLET_PROTOC} --descriptor_set_in=${well_known}:${descriptors} --cpp_out=${generated} ${protos}
  COMMAND ${INLET_PROTOC} --descriptor_set_in=${well_known}:${descriptors} --grpc_out=${generated}
          --plugin=protoc-gen-grpc=${INLET_GRPC_PLUGIN} spark/connect/base.proto
  DEPENDS ${descriptors} VERBATIM
  COMMENT "Generating the messages of Spark Connect")

# The service comes in by a source of ours, which brings its own way to read messages.
add_custom_target(inlet_spark_connect_generated DEPENDS ${sources} ${service})
add_library(inlet_spark_connect_protocol STATIC
  ${sources} ${CMAKE_SOURCE_DIR}/src/server/spark_connect/protocol/service.cc)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/server/spark_connect/protocol/service.cc
  PROPERTIES OBJECT_DEPENDS ${service})
add_dependencies(inlet_spark_connect_protocol inlet_spark_connect_generated)
target_include_directories(inlet_spark_connect_protocol SYSTEM PUBLIC ${generated})
target_include_directories(inlet_spark_connect_protocol PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(inlet_spark_connect_protocol PRIVATE -w -O1 -g0)
if(INLET_SANITIZE)
  target_compile_options(inlet_spark_connect_protocol PRIVATE -fno-sanitize=all)
endif()
target_link_libraries(inlet_spark_connect_protocol PUBLIC PkgConfig::grpc PkgConfig::protobuf)
