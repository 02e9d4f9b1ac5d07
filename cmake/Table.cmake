# The table of likelihoods (src/model/likelihoods.table) as a string constant of the model,
# joined of one piece a line.
if(CMAKE_SCRIPT_MODE_FILE)
  file(STRINGS ${SOURCE} lines)
  set(text "// Generated from src/model/likelihoods.table by cmake/Table.cmake.\n#include <string_view>\n\n")
  string(APPEND text "namespace vmc::model {\nextern const std::string_view likelihoods_table;\n")
  string(APPEND text "const std::string_view likelihoods_table =")
  foreach(line IN LISTS lines)
    string(APPEND text "\n    \"${line}\\n\"")
  endforeach()
  string(APPEND text ";\n}  // namespace vmc::model\n")
  file(WRITE ${OUTPUT} "${text}")
  return()
endif()

set(VMC_TABLE ${CMAKE_SOURCE_DIR}/src/model/likelihoods.table)
set(VMC_TABLE_CPP ${CMAKE_BINARY_DIR}/remote/likelihoods_table.cpp)
add_custom_command(OUTPUT ${VMC_TABLE_CPP}
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${VMC_TABLE} -DOUTPUT=${VMC_TABLE_CPP} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${VMC_TABLE} ${CMAKE_CURRENT_LIST_FILE} VERBATIM)
target_sources(vmc_model PRIVATE ${VMC_TABLE_CPP})
