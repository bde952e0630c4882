# Compile options of the project's own targets; nothing of this is exported.
function(faltung_compile_options target)
  # contraction would turn a·b + c into one rounding where the target has FMA: sums would differ between machines
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow)
  if(FALTUNG_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# What is not the library has nothing to gain from optimization, and compiles in half of the time without.
function(faltung_application_options target)
  faltung_compile_options(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CONFIG:Debug>:-O0>)
endfunction()
