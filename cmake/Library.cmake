get_property(rooms GLOBAL PROPERTY VMC_ROOMS)
set(objects "")
foreach(room ${rooms})
  list(APPEND objects $<TARGET_OBJECTS:${room}>)
endforeach()

# Tests and programs link the static one; hidden symbols are visible inside it.
add_library(vm_connection STATIC ${objects})
target_include_directories(vm_connection PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
target_link_libraries(vm_connection PUBLIC PkgConfig::LIBSSH Threads::Threads)
target_compile_features(vm_connection PUBLIC cxx_std_23)
