find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Boost 1.81 is wanted for Asio's cancellation slots. It conflicts with Debian's default
# libboost-dev (1.74), which a user may need: then its headers are unpacked into build/deps
# by tools/install-deps, and found there first.
find_path(VMC_BOOST_INCLUDE boost/asio/awaitable.hpp
          PATHS ${CMAKE_SOURCE_DIR}/build/deps/usr/include NO_DEFAULT_PATH)
find_path(VMC_BOOST_INCLUDE boost/asio/awaitable.hpp REQUIRED)
file(STRINGS ${VMC_BOOST_INCLUDE}/boost/version.hpp boost_version REGEX "#define BOOST_VERSION ")
string(REGEX MATCH "[0-9]+$" boost_version "${boost_version}")
if(boost_version LESS 108100)
  message(FATAL_ERROR "Boost >= 1.81 is needed for Asio (found ${boost_version} in ${VMC_BOOST_INCLUDE}); "
                      "run tools/install-deps, which unpacks its headers beside the installed one")
endif()

add_library(vmc_asio INTERFACE)
target_include_directories(vmc_asio SYSTEM INTERFACE ${VMC_BOOST_INCLUDE})
target_compile_definitions(vmc_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_ERROR_CODE_HEADER_ONLY BOOST_ALL_NO_LIB)
target_link_libraries(vmc_asio INTERFACE Threads::Threads)

pkg_check_modules(LIBSSH REQUIRED IMPORTED_TARGET libssh>=0.10.6)
