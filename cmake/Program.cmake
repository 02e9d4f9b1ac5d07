file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/app/cli/*.cpp)
if(cli_sources)
  add_executable(vmc ${cli_sources})
  target_include_directories(vmc PRIVATE ${CMAKE_SOURCE_DIR}/src)
  # fmt and toml++ as headers, and the C++ runtime inside: each shared library less saves the
  # dynamic linker half a millisecond of every `vmc exec`.
  target_compile_definitions(vmc PRIVATE FMT_HEADER_ONLY=1 VMC_VERSION="${PROJECT_VERSION}")
  target_link_options(vmc PRIVATE -static-libstdc++ -static-libgcc)
  target_link_libraries(vmc PRIVATE vm_connection vmc_warnings)
  target_precompile_headers(vmc PRIVATE <CLI/CLI.hpp> <fmt/format.h> <nlohmann/json.hpp> <algorithm> <chrono>
    <expected> <functional> <map> <memory> <optional> <string> <variant> <vector>)
  install(TARGETS vmc RUNTIME DESTINATION bin)
endif()
