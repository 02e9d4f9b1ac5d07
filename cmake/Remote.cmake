# The shell that runs on the VM (remote/*.sh) as string constants of the model: src/model/remote.hpp.
set(VMC_REMOTE_PARTS prelude place prepare launch submit resume stage describe list look follow tree cancel
    remove cleanup starter supervise dead_man confirm view runner)
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "// Generated from remote/ by cmake/Remote.cmake.\n#include \"model/remote.hpp\"\n\n")
  string(APPEND text "namespace vmc::model::remote {\n")
  foreach(part ${VMC_REMOTE_PARTS})
    file(READ ${SOURCE}/${part}.sh shell)
    string(REGEX REPLACE "(^|\n)[ \t]+" "\\1" shell "${shell}")
    string(REGEX REPLACE "(^|\n)#[^\n]*" "\\1" shell "${shell}")
    string(REGEX REPLACE "\n\n+" "\n" shell "${shell}")
    string(REGEX REPLACE "^\n" "" shell "${shell}")
    string(APPEND text "const std::string_view ${part} = R\"vmc_sh(${shell})vmc_sh\";\n")
  endforeach()
  string(APPEND text "}  // namespace vmc::model::remote\n")
  file(WRITE ${OUTPUT} "${text}")
  return()
endif()

set(VMC_REMOTE_CPP ${CMAKE_BINARY_DIR}/remote/remote.cpp)
list(TRANSFORM VMC_REMOTE_PARTS REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/remote/\\1.sh" OUTPUT_VARIABLE VMC_REMOTE_FILES)
add_custom_command(OUTPUT ${VMC_REMOTE_CPP}
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR}/remote -DOUTPUT=${VMC_REMOTE_CPP} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${VMC_REMOTE_FILES} ${CMAKE_CURRENT_LIST_FILE} VERBATIM)
target_sources(vmc_model PRIVATE ${VMC_REMOTE_CPP})
target_compile_definitions(vmc_model PRIVATE VMC_VERSION="${PROJECT_VERSION}")  # in the records of jobs
