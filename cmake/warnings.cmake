# Compile options of the project's own targets; nothing of this is exported.
function(faltung_compile_options target)
  # contraction would turn a·b + c into one rounding where the target has FMA: sums would differ between machines
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow)
  if(FALTUNG_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
