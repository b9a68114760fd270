# `make install` and `make deb`: the program with every library that is not the system's C and C++
# run time, found by paths relative to themselves, so that the tree can be moved.
set(INLET_LIBRARY_DIRECTORY lib/inlet)
set_target_properties(inlet PROPERTIES INSTALL_RPATH "$ORIGIN/../${INLET_LIBRARY_DIRECTORY}")
install(TARGETS inlet RUNTIME_DEPENDENCY_SET inlet_libraries
        RUNTIME DESTINATION bin COMPONENT inlet)
install(RUNTIME_DEPENDENCY_SET inlet_libraries
        PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|stdc\\+\\+|gcc_s)\\.so"
        POST_EXCLUDE_REGEXES "/ld-linux"
        LIBRARY DESTINATION ${INLET_LIBRARY_DIRECTORY} COMPONENT inlet)
find_program(INLET_PATCHELF patchelf REQUIRED)
install(CODE "
  file(GLOB libraries \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${INLET_LIBRARY_DIRECTORY}/*.so*\")
  foreach(library IN LISTS libraries)
    execute_process(COMMAND ${INLET_PATCHELF} --set-rpath \$ORIGIN \${library} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()" COMPONENT inlet)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md
        DESTINATION share/doc/inlet COMPONENT inlet)

set(CPACK_PACKAGE_NAME inlet)
set(CPACK_PACKAGE_CONTACT "The Inlet maintainers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Brings files into Delta Lake tables with Databricks SQL")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL inlet)
set(CPACK_DEBIAN_INLET_PACKAGE_NAME inlet)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${CPACK_PACKAGE_CONTACT})
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6, libstdc++6, tzdata, ca-certificates")
include(CPack)
