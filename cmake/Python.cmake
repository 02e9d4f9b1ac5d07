# The Python package, importable as it lies in ${CMAKE_BINARY_DIR}/python. Debian's own interpreter by
# default: its packages (pybind11, pytest, mypy) go to no other.
if(NOT TARGET vmc_api)
  return()
endif()
set(Python_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "The interpreter the module is built for")
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.10 REQUIRED CONFIG)

set(package ${CMAKE_BINARY_DIR}/python/vm_connection)
file(GLOB binding_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/binding/*.cpp)
pybind11_add_module(vmc_python NO_EXTRAS ${binding_sources})
set_target_properties(vmc_python PROPERTIES OUTPUT_NAME _core LIBRARY_OUTPUT_DIRECTORY ${package})
target_link_libraries(vmc_python PRIVATE vm_connection vmc_warnings)
target_precompile_headers(vmc_python PRIVATE <pybind11/pybind11.h> <algorithm> <chrono> <expected> <functional> <map>
  <memory> <optional> <string> <variant> <vector>)

file(GLOB package_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/vm_connection/*.py
     ${CMAKE_SOURCE_DIR}/python/vm_connection/*.pyi ${CMAKE_SOURCE_DIR}/python/vm_connection/py.typed)
set(package_files "")
foreach(source ${package_sources})
  get_filename_component(name ${source} NAME)
  add_custom_command(OUTPUT ${package}/${name} DEPENDS ${source}
                     COMMAND ${CMAKE_COMMAND} -E copy ${source} ${package}/${name} VERBATIM)
  list(APPEND package_files ${package}/${name})
endforeach()
add_custom_target(vmc_python_package ALL DEPENDS ${package_files})
add_dependencies(vmc_python vmc_python_package)
