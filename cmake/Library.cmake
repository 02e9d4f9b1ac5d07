# The library, three times from the same objects:
#   vm_connection          for our own programs and tests: every symbol can be reached
#   vm_connection_shared   for users: shows what the public headers declare, nothing else
#   vm_connection_archive  for users: one object whose hidden symbols, Asio's among them, are local,
#                          so that a program with its own Boost does not meet ours
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
option(VMC_PACKAGE "Build what is installed for users of the library" OFF)

get_property(rooms GLOBAL PROPERTY VMC_ROOMS)
set(objects "")
foreach(room ${rooms})
  list(APPEND objects $<TARGET_OBJECTS:${room}>)
endforeach()

add_library(vm_connection STATIC ${objects})
set_target_properties(vm_connection PROPERTIES OUTPUT_NAME vm_connection_rooms)
target_include_directories(vm_connection PUBLIC ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(vm_connection PUBLIC PkgConfig::LIBSSH Threads::Threads)
target_compile_features(vm_connection PUBLIC cxx_std_23)

if(NOT VMC_PACKAGE OR VMC_SANITIZE)
  return()
endif()

set(exports ${CMAKE_SOURCE_DIR}/cmake/exports.map)
add_library(vm_connection_shared SHARED ${objects})
set_target_properties(vm_connection_shared PROPERTIES
  OUTPUT_NAME vm_connection VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${exports})
target_link_options(vm_connection_shared PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined -Wl,--as-needed)
target_link_libraries(vm_connection_shared PRIVATE PkgConfig::LIBSSH Threads::Threads)

# Groups are dissolved, else the linker would drop ours for a namesake in the user's objects and miss
# the local symbols in it. Boost makes some of its symbols visible against our will: by name, then.
set(archive ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/libvm_connection.a)
set(whole ${CMAKE_BINARY_DIR}/vm_connection.o)
add_custom_command(
  OUTPUT ${archive}
  COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${whole} ${objects}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden --wildcard
          "--localize-symbol=*5boost*" "--localize-symbol=boost_asio*" ${whole}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} qcsD ${archive} ${whole}
  DEPENDS ${rooms} ${objects}
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Linking CXX static library lib/libvm_connection.a")
add_custom_target(vm_connection_archive ALL DEPENDS ${archive})

install(TARGETS vm_connection_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/vm_connection DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vm_connection)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/vm_connectionConfig.cmake.in vm_connectionConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(vm_connectionConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH VMC_PC_TO_PREFIX /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)  # the tree can be moved
configure_file(${CMAKE_SOURCE_DIR}/cmake/vm_connection.pc.in vm_connection.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vm_connectionConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/vm_connectionConfigVersion.cmake DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vm_connection.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
