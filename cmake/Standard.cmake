set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# Presets that are built whole, and seldom, compile eight files as one: a third of the time. So names are
# one of a kind within a folder, and a coroutine's own types only seem to be shared. The more g++ 12 inlines,
# the more it takes for uninitialised that is not. What a file includes by itself is proven by dev and clang.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage;-Wno-maybe-uninitialized>")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # Unique symbols are one for the whole process, dlopen or not: our Asio would share its thread
  # state with another version in a user's program. (Clang makes none.)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()

add_library(vmc_warnings INTERFACE)
target_compile_options(vmc_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(vmc_warnings INTERFACE -Wduplicated-cond -Wlogical-op -Wshadow=local
    -Wno-mismatched-new-delete)  # false alarm of g++ 12 at -O2: Asio gives coroutine frames their own pair
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(vmc_warnings INTERFACE -Wno-deprecated-declarations)  # libstdc++ 12's own stable_sort
endif()
target_compile_definitions(vmc_warnings INTERFACE _GLIBCXX_ASSERTIONS)

if(VMC_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-tsan)  # Asio's atomic_thread_fence, which g++'s TSan does not model
endif()
if(VMC_SANITIZE)
  # For every target, so that no translation unit is left out.
  add_compile_options(-fsanitize=${VMC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VMC_SANITIZE})
endif()
