# How everything is compiled and linked.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(INLET_CCACHE ccache)
if(INLET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Time stamps of the precompiled headers differ in every checkout; their contents do not.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${INLET_CCACHE})
endif()

find_program(INLET_MOLD mold)
if(INLET_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers)
if(INLET_WERROR)
  add_compile_options(-Werror)
endif()
if(INLET_SANITIZE)
  add_compile_options(-fsanitize=${INLET_SANITIZE})
  add_link_options(-fsanitize=${INLET_SANITIZE})
  # What needs data flow is guesswork in instrumented code: it is shown, and is no error.
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=array-bounds
                      -Wno-error=stringop-overflow -Wno-error=free-nonheap-object)
  if(INLET_SANITIZE MATCHES undefined)
    # vptr needs the type information of libraries that hide theirs. What the checks of null and
    # object-size find, the address sanitizer finds as well; they cost a fifth of the compile time.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr,null,object-size)
    add_link_options(-fno-sanitize=vptr)
  endif()
endif()

find_package(Threads REQUIRED)
