# find_package(fluxc) gives the library flux::flux and
#
#     fluxc_add_model(target model.net [option…])
#
# which compiles the one model of model.net into model.c and model.h, as the
# target is built, and adds them to the target.
get_filename_component(FLUXC_ROOT "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_program(FLUXC_EXECUTABLE fluxc HINTS "${FLUXC_ROOT}/bin")

if(NOT TARGET flux::flux)
  add_library(flux::flux STATIC IMPORTED)
  set_target_properties(flux::flux PROPERTIES
    IMPORTED_LOCATION "${FLUXC_ROOT}/lib/libflux.a"
    INTERFACE_INCLUDE_DIRECTORIES "${FLUXC_ROOT}/include")
  find_package(ZLIB QUIET)
  set_property(TARGET flux::flux PROPERTY INTERFACE_LINK_LIBRARIES
    "$<$<BOOL:${ZLIB_FOUND}>:ZLIB::ZLIB>;m")
endif()

function(fluxc_add_model target model)
  get_filename_component(stem "${model}" NAME_WE)
  get_filename_component(path "${model}" ABSOLUTE)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${stem}.c")
  add_custom_command(
    OUTPUT "${source}" "${CMAKE_CURRENT_BINARY_DIR}/${stem}.h"
    COMMAND "${FLUXC_EXECUTABLE}" "${path}" -o "${source}" ${ARGN}
    DEPENDS "${path}" VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
  target_link_libraries(${target} PRIVATE flux::flux)
endfunction()
